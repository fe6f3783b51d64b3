package flux

import (
	"easel/internal/engine/nn"
	"easel/internal/engine/onnx"
)

// modulation is the linear layer that turns the embedding of time, guidance
// and text into n vectors: shifts, scales and gates.
type modulation struct {
	g      *onnx.Graph
	Linear nn.Linear
	d, n   int
}

func newModulation(g *onnx.Graph, w *nn.Weights, d, n int) modulation {
	return modulation{g, w.Linear("linear", d, n*d), d, n}
}

// parts returns n vectors [D] of temb [1 D].
func (m modulation) parts(temb onnx.Value) []onnx.Value {
	sizes := make([]int, m.n)
	for i := range sizes {
		sizes[i] = m.d
	}
	return m.g.Split(m.g.Reshape(m.Linear.Apply(temb), m.n*m.d), 0, sizes...)
}

// modulate is (1 + scale)·norm(x) + shift: a layer norm whose weights are the modulation.
func modulate(g *onnx.Graph, x, shift, scale onnx.Value) onnx.Value {
	return g.LayerNorm(x, g.Add(scale, g.Cast(g.Float(1), scale.Type)), shift, eps)
}

// attention is the same in all blocks: queries and keys [tokens D] are turned
// by the positions of their tokens before they meet.
type attention struct {
	g        *onnx.Graph
	cos, sin onnx.Value
	heads    int
	plain    bool // without the fused kernel
}

func (a attention) run(q, k, v onnx.Value) onnx.Value {
	q, k = nn.Rope(a.g, q, a.cos, a.sin, a.heads), nn.Rope(a.g, k, a.cos, a.sin, a.heads)
	if a.plain {
		return nn.PlainAttention(a.g, q, k, v, onnx.Value{}, a.heads, 0)
	}
	return nn.Attention(a.g, q, k, v, a.heads, onnx.AttentionOptions{})
}

// qkv is the projections of one stream; queries and keys are normalised by head.
type qkv struct {
	Q, K, V      nn.Linear
	NormQ, NormK nn.RMSNorm
	heads        int
}

func newQKV(w *nn.Weights, c Config, q, k, v, normQ, normK string) qkv {
	d := c.Width()
	return qkv{
		w.Linear(q, d, d), w.Linear(k, d, d), w.Linear(v, d, d),
		w.RMSNorm(normQ, c.HeadDim, eps), w.RMSNorm(normK, c.HeadDim, eps), c.Heads,
	}
}

func (a qkv) apply(x onnx.Value) (q, k, v onnx.Value) {
	return a.NormQ.Heads(a.Q.Apply(x), a.heads), a.NormK.Heads(a.K.Apply(x), a.heads), a.V.Apply(x)
}

// feedForward is a linear layer to four times the width, GELU, and one back.
type feedForward struct {
	g       *onnx.Graph
	Up, Out nn.Linear
}

func newFeedForward(g *onnx.Graph, w *nn.Weights, d int) feedForward {
	return feedForward{g, w.Linear("net.0.proj", d, 4*d), w.Linear("net.2", 4*d, d)}
}

func (f feedForward) apply(x onnx.Value) onnx.Value {
	return f.Out.Apply(f.g.Gelu(f.Up.Apply(x), true))
}

// doubleBlock has weights of their own for image and text, which meet in the attention.
type doubleBlock struct {
	g               *onnx.Graph
	Norm1           modulation
	Norm1Context    modulation
	Attn, AttnAdded qkv
	ToOut, ToAddOut nn.Linear
	FF, FFContext   feedForward
}

func newDoubleBlock(g *onnx.Graph, w *nn.Weights, c Config) doubleBlock {
	d, attn := c.Width(), w.At("attn")
	return doubleBlock{
		g:            g,
		Norm1:        newModulation(g, w.At("norm1"), d, 6),
		Norm1Context: newModulation(g, w.At("norm1_context"), d, 6),
		Attn:         newQKV(attn, c, "to_q", "to_k", "to_v", "norm_q", "norm_k"),
		AttnAdded:    newQKV(attn, c, "add_q_proj", "add_k_proj", "add_v_proj", "norm_added_q", "norm_added_k"),
		ToOut:        attn.Linear("to_out.0", d, d),
		ToAddOut:     attn.Linear("to_add_out", d, d),
		FF:           newFeedForward(g, w.At("ff"), d),
		FFContext:    newFeedForward(g, w.At("ff_context"), d),
	}
}

func (b doubleBlock) forward(image, text, temb onnx.Value, att attention, tokens onnx.Value) (onnx.Value, onnx.Value) {
	g := b.g
	im, tm := b.Norm1.parts(temb), b.Norm1Context.parts(temb) // shift, scale, gate; the same for the MLP

	iq, ik, iv := b.Attn.apply(modulate(g, image, im[0], im[1]))
	tq, tk, tv := b.AttnAdded.apply(modulate(g, text, tm[0], tm[1]))
	q, k, v := g.Concat(0, tq, iq), g.Concat(0, tk, ik), g.Concat(0, tv, iv) // [T+S D]
	attended := att.run(q, k, v)
	ta := g.SliceTo(attended, 0, g.Ints(0), tokens, text.Dim(0))
	ia := g.SliceTo(attended, 0, tokens, g.Ints(1<<62), image.Dim(0))

	image = g.Add(image, g.Mul(b.ToOut.Apply(ia), im[2]))
	image = g.Add(image, g.Mul(b.FF.apply(modulate(g, image, im[3], im[4])), im[5]))
	text = g.Add(text, g.Mul(b.ToAddOut.Apply(ta), tm[2]))
	text = g.Add(text, g.Mul(b.FFContext.apply(modulate(g, text, tm[3], tm[4])), tm[5]))
	return image, text
}

// singleBlock runs attention and MLP side by side over all tokens.
type singleBlock struct {
	g       *onnx.Graph
	Norm    modulation
	Attn    qkv
	ProjMLP nn.Linear
	ProjOut nn.Linear
}

func newSingleBlock(g *onnx.Graph, w *nn.Weights, c Config) singleBlock {
	d := c.Width()
	return singleBlock{
		g:       g,
		Norm:    newModulation(g, w.At("norm"), d, 3),
		Attn:    newQKV(w.At("attn"), c, "to_q", "to_k", "to_v", "norm_q", "norm_k"),
		ProjMLP: w.Linear("proj_mlp", d, 4*d),
		ProjOut: w.Linear("proj_out", 5*d, d),
	}
}

func (b singleBlock) forward(x, temb onnx.Value, att attention) onnx.Value {
	g := b.g
	m := b.Norm.parts(temb) // shift, scale, gate
	normed := modulate(g, x, m[0], m[1])
	q, k, v := b.Attn.apply(normed)
	attended := att.run(q, k, v)
	mixed := g.Concat(1, attended, g.Gelu(b.ProjMLP.Apply(normed), true)) // [tokens 5D]
	return g.Add(x, g.Mul(b.ProjOut.Apply(mixed), m[2]))
}
