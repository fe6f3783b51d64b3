package nn

import (
	"slices"

	"easel/internal/engine/onnx"
	"easel/internal/engine/quant"
	"easel/internal/engine/safetensors"
)

// Rounded makes linear layers use the rounded weights that file has for them
// (see package quant), but for those that keep names, with activations rounded
// to 8 bits too: beside quant.Rows to −levels…levels in each token.
func (w *Weights) Rounded(file *safetensors.Checkpoint, levels int, keep func(weight string) bool) {
	w.rounded, w.levels, w.keep = file, levels, keep
}

// rounded is a weight in 8 bits or fewer.
type rounded struct {
	Weight onnx.Value // as package quant has it: int8 [in out], or uint8 blocks
	Scale  onnx.Value // f32
	bits   int        // of blocks; 0: there are none
	levels int
}

// roundedWeight returns a layer's rounded weight; it is absent where the layer has none.
func (w *Weights) roundedWeight(name string, in, out int) rounded {
	if w.rounded == nil {
		return rounded{}
	}
	name = w.name(name)
	t, ok := w.rounded.Tensor(name)
	switch {
	case !ok || w.keep(name):
		return rounded{}
	case t.DType == safetensors.U8 && len(t.Shape) == 3:
		bits := int(t.Shape[2]) * 8 / quant.Block
		return rounded{
			Weight: w.raw(name, safetensors.U8, onnx.Uint8, out, in/quant.Block, quant.Block*bits/8),
			Scale:  w.raw(quant.ScaleOf(name), safetensors.F32, onnx.Float32, out, in/quant.Block),
			bits:   bits,
		}
	}
	return rounded{
		Weight: w.raw(name, safetensors.I8, onnx.Int8, in, out),
		Scale:  w.raw(quant.ScaleOf(name), safetensors.F32, onnx.Float32, out),
		levels: w.levels,
	}
}

func (w *Weights) raw(name string, stored safetensors.DType, dtype onnx.DType, shape ...int) onnx.Value {
	t, _ := w.rounded.Tensor(name)
	if t.DType != stored || !slices.EqualFunc(t.Shape, shape, func(a int64, b int) bool { return a == int64(b) }) {
		stand := onnx.Value{Type: dtype, Shape: onnx.Dims(shape...)}
		return w.problem(stand, "rounded tensor %q is %s %v, the config makes it %s %v", name, t.DType, t.Shape, stored, shape)
	}
	return w.g.External(name, onnx.External{Type: dtype, Shape: t.Shape, File: t.File, Offset: t.Offset, Length: t.Length})
}

// nothing keeps a token of zeros from a division by zero, and changes no other.
const nothing = 1e-30

// apply is x·W for x [tokens in]. Beside int8 weights each token is rounded over its own range: one
// that is far from zero makes none of the others coarser, and a token's result
// does not depend on which others are beside it.
func (r rounded) apply(g *onnx.Graph, x onnx.Value) onnx.Value {
	if r.bits > 0 {
		return g.MatMulNBits(x, r.Weight, r.Scale, r.bits, quant.Block)
	}
	zero, levels := float32(128), g.Float(float32(r.levels))
	top := g.Add(g.ReduceMax(g.Abs(x)), g.Float(nothing))                           // [tokens 1]
	q := g.Cast(g.Add(g.Mul(x, g.Div(levels, top)), g.Float(zero+0.5)), onnx.Uint8) // to the nearest
	y := g.MatMulIntegerToFloat(q, r.Weight, r.Scale, g.Byte(byte(zero)))
	return g.Mul(y, g.Div(top, levels))
}
