package nn

import "easel/internal/engine/onnx"

// Attention is attention by heads over one sequence: q [s h], k and v [t h],
// result [s h]. With no options it takes the CPU's flash path, which needs
// three 3-D inputs and nothing else; the added batch of 1 copies nothing.
func Attention(g *onnx.Graph, q, k, v onnx.Value, heads int, o onnx.AttentionOptions) onnx.Value {
	batch := func(x onnx.Value) onnx.Value { return g.Unsqueeze(x, 0) }
	return g.Squeeze(g.Attention(batch(q), batch(k), batch(v), heads, o), 0)
}

// Rope turns each head's pairs of x [s h] by the angles of cos and sin [s h/heads/2].
func Rope(g *onnx.Graph, x, cos, sin onnx.Value, heads int) onnx.Value {
	return g.Squeeze(g.RotaryEmbedding(g.Unsqueeze(x, 0), cos, sin, heads), 0)
}
