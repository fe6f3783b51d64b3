package nn

import (
	"math"

	"easel/internal/engine/onnx"
)

// Attention is attention by heads over one sequence: q [s h], k and v [t h],
// result [s h]. With no options it takes the CPU's flash path, which needs
// three 3-D inputs and nothing else; the added batch of 1 copies nothing.
func Attention(g *onnx.Graph, q, k, v onnx.Value, heads int, o onnx.AttentionOptions) onnx.Value {
	batch := func(x onnx.Value) onnx.Value { return g.Unsqueeze(x, 0) }
	return g.Squeeze(g.Attention(batch(q), batch(k), batch(v), heads, o), 0)
}

// Rope turns each head's pairs of x [s h] by the angles of cos and sin
// [s h/heads/2], in their type, as diffusers does: bf16 angles are a degree off.
func Rope(g *onnx.Graph, x, cos, sin onnx.Value, heads int) onnx.Value {
	turned := g.RotaryEmbedding(g.Unsqueeze(g.Cast(x, cos.Type), 0), cos, sin, heads)
	return g.Cast(g.Squeeze(turned, 0), x.Type)
}

// PlainAttention is Attention spelt out, for devices whose fused kernel is
// wrong: WebGPU's takes the wrong keys where subgroups are small. The bias, [s t]
// or [heads s t], may be absent; a scale of 0 is 1/√(head size). It holds all
// scores, heads × s × t, at once.
func PlainAttention(g *onnx.Graph, q, k, v, bias onnx.Value, heads int, scale float64) onnx.Value {
	split := func(x onnx.Value, perm ...int) onnx.Value {
		return g.Transpose(g.Reshape(x, onnx.Keep, heads, onnx.Rest), perm...)
	}
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(q.Dim(1).Size)/float64(heads))
	}
	scores := g.MatMul(g.Mul(split(q, 1, 0, 2), g.Float(float32(scale))), split(k, 1, 2, 0)) // [heads s t]
	if bias.Given() {
		scores = g.Add(scores, bias)
	}
	out := g.MatMul(g.Softmax(scores, -1), split(v, 1, 0, 2)) // [heads s h/heads]
	return g.Reshape(g.Transpose(out, 1, 0, 2), onnx.Keep, onnx.Rest)
}
