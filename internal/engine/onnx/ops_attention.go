package onnx

// AttentionOptions are what MultiHeadAttention may be given beside q, k and v.
// All of them but Scale leave the CPU's flash path.
type AttentionOptions struct {
	Bias   Value   // added to the scores: [1 or b, 1 or heads, s, t]
	Scale  float64 // 0: 1/√(head size)
	Causal bool
}

// Attention is softmax(q·kᵀ·scale + bias)·v by heads: q [b s h], k and v [b t h],
// result [b s h]. The heads lie one after the other in h.
func (g *Graph) Attention(q, k, v Value, heads int, o AttentionOptions) Value {
	const op = "MultiHeadAttention"
	ok := heads > 0 && len(q.Shape) == 3 && len(k.Shape) == 3 && len(v.Shape) == 3 &&
		q.Type == k.Type && q.Type == v.Type && q.Dim(2).fits(k.Dim(2)) &&
		k.Dim(1).fits(v.Dim(1)) && (!q.Dim(2).Fixed() || q.Dim(2).Size%int64(heads) == 0)
	if !g.want(op, ok, "needs q [b s h], k and v [b t h], h a multiple of the heads", q, k, v) {
		return Value{}
	}
	inputs, attrs := []Value{q, k, v}, []attr{intAttr("num_heads", heads)}
	if o.Bias.Given() {
		if !g.want(op, len(o.Bias.Shape) == 4 && o.Bias.Type == q.Type, "attention bias must be [b n s t]", o.Bias) {
			return Value{}
		}
		inputs = append(inputs, Value{}, Value{}, o.Bias) // no projection bias, no padding mask
	}
	if o.Scale != 0 {
		attrs = append(attrs, floatAttr("scale", o.Scale))
	}
	if o.Causal {
		attrs = append(attrs, intAttr("unidirectional", 1))
	}
	return g.one(op, contrib, inputs, attrs, q.Type, q.Shape.with(2, v.Dim(2)))
}

// RotaryEmbedding turns the pairs (2i, 2i+1) of each head of x [b s h] by the
// angles whose cosines and sines are cos and sin [s head/2].
func (g *Graph) RotaryEmbedding(x, cos, sin Value, heads int) Value {
	const op = "RotaryEmbedding"
	ok := len(x.Shape) == 3 && len(cos.Shape) == 2 && len(sin.Shape) == 2 && x.Type == cos.Type && x.Type == sin.Type &&
		cos.Dim(1).fits(sin.Dim(1)) && (!x.Dim(2).Fixed() || cos.Dim(1).Is(x.Dim(2).Size/int64(2*max(heads, 1))))
	if !g.want(op, ok, "needs x [b s h], cos and sin [s h/heads/2]", x, cos, sin) {
		return Value{}
	}
	inputs := []Value{x, g.Ints(0), cos, sin} // position of the first row
	return g.one(op, contrib, inputs, []attr{intAttr("interleaved", 1), intAttr("num_heads", heads)}, x.Type, x.Shape)
}
