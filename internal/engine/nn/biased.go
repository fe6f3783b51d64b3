package nn

import "easel/internal/engine/onnx"

// BiasedAttention is softmax(q·kᵀ·scale + bias)·v by heads, spelt out: q [s h],
// k and v [t h], bias [s t] or [heads s t], result [s h]. It is for devices
// whose fused kernel is wrong; all scores, heads × s × t, are held at once.
func BiasedAttention(g *onnx.Graph, q, k, v, bias onnx.Value, heads int, scale float64) onnx.Value {
	split := func(x onnx.Value, perm ...int) onnx.Value {
		return g.Transpose(g.Reshape(x, onnx.Keep, heads, onnx.Rest), perm...)
	}
	scores := g.MatMul(g.Mul(split(q, 1, 0, 2), g.Float(float32(scale))), split(k, 1, 2, 0)) // [heads s t]
	out := g.MatMul(g.Softmax(g.Add(scores, bias), -1), split(v, 1, 0, 2))                   // [heads s h/heads]
	return g.Reshape(g.Transpose(out, 1, 0, 2), onnx.Keep, onnx.Rest)
}
