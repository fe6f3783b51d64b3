package nn

import "easel/internal/engine/onnx"

// Conv2D is a square convolution.
type Conv2D struct {
	g            *onnx.Graph
	Weight, Bias onnx.Value // [out in k k], [out] or absent
	Stride       int
	Pads         []int // top, left, bottom, right
}

// Conv2D returns the convolution called name: kernel k, stride 1, padded so
// that the size stays. Change Stride and Pads for others.
func (w *Weights) Conv2D(name string, in, out, k int) Conv2D {
	c := w.Conv2DNoBias(name, in, out, k)
	c.Bias = w.At(name).Tensor("bias", out)
	return c
}

// Conv2DNoBias returns the convolution called name, without a bias.
func (w *Weights) Conv2DNoBias(name string, in, out, k int) Conv2D {
	p := k / 2
	return Conv2D{g: w.g, Weight: w.At(name).Tensor("weight", out, in, k, k), Stride: 1, Pads: []int{p, p, p, p}}
}

// Apply maps x [1 in height width] to [1 out height' width'].
func (c Conv2D) Apply(x onnx.Value) onnx.Value {
	return c.g.Conv2D(x, c.Weight, c.Bias, c.Stride, c.Pads...)
}
