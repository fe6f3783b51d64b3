package nn

import "easel/internal/engine/onnx"

// Conv2D is a square convolution.
type Conv2D struct {
	g            *onnx.Graph
	Weight, Bias onnx.Value // [out in k k], [out]
	Stride       int
	Pads         []int // top, left, bottom, right
}

// Conv2D returns the convolution called name: kernel k, stride 1, padded so
// that the size stays. Change Stride and Pads for others.
func (w *Weights) Conv2D(name string, in, out, k int) Conv2D {
	at, p := w.At(name), k/2
	return Conv2D{w.g, at.Tensor("weight", out, in, k, k), at.Tensor("bias", out), 1, []int{p, p, p, p}}
}

// Apply maps x [1 in height width] to [1 out height' width'].
func (c Conv2D) Apply(x onnx.Value) onnx.Value {
	return c.g.Conv2D(x, c.Weight, c.Bias, c.Stride, c.Pads...)
}
