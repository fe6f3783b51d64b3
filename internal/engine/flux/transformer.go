package flux

import (
	"easel/internal/engine/nn"
	"easel/internal/engine/onnx"
)

// eps is that of every norm in the transformer.
const eps = 1e-6

// timeChannels is the width of the sinusoidal embedding of time and guidance.
const timeChannels = 256

// Transformer is FluxTransformer2DModel; fields are named as in the checkpoint.
type Transformer struct {
	g      *onnx.Graph
	config Config
	plain  bool // attention without the fused kernel

	TimeTextEmbed struct {
		TimestepEmbedder mlp
		GuidanceEmbedder mlp // dev only
		TextEmbedder     mlp
	}
	ContextEmbedder         nn.Linear
	XEmbedder               nn.Linear
	TransformerBlocks       []doubleBlock
	SingleTransformerBlocks []singleBlock
	NormOut                 modulation
	ProjOut                 nn.Linear
}

// NewTransformer takes the tensors of the checkpoint from w.
func NewTransformer(g *onnx.Graph, w *nn.Weights, c Config, plain bool) *Transformer {
	d := c.Width()
	t := &Transformer{g: g, config: c, plain: plain}
	embed := w.At("time_text_embed")
	t.TimeTextEmbed.TimestepEmbedder = newMLP(g, embed.At("timestep_embedder"), timeChannels, d)
	if c.Guidance {
		t.TimeTextEmbed.GuidanceEmbedder = newMLP(g, embed.At("guidance_embedder"), timeChannels, d)
	}
	t.TimeTextEmbed.TextEmbedder = newMLP(g, embed.At("text_embedder"), c.PooledWidth, d)
	t.ContextEmbedder = w.Linear("context_embedder", c.TextWidth, d)
	t.XEmbedder = w.Linear("x_embedder", c.InChannels, d)
	for i := range c.Double {
		t.TransformerBlocks = append(t.TransformerBlocks, newDoubleBlock(g, w.At("transformer_blocks", i), c))
	}
	for i := range c.Single {
		t.SingleTransformerBlocks = append(t.SingleTransformerBlocks, newSingleBlock(g, w.At("single_transformer_blocks", i), c))
	}
	t.NormOut = newModulation(g, w.At("norm_out"), d, 2)
	t.ProjOut = w.Linear("proj_out", d, c.OutChannels)
	return t
}

// Inputs of one pass over S image and T text tokens.
type Inputs struct {
	Latents  onnx.Value // [S in_channels]
	Text     onnx.Value // [T joint_attention_dim]
	Pooled   onnx.Value // [1 pooled_projection_dim]
	Time     onnx.Value // [1 256], see Sinusoid
	Guidance onnx.Value // [1 256]; absent for schnell
	Cos, Sin onnx.Value // [T+S head/2], see Rotations
	Tokens   onnx.Value // int64 [1]: T
}

// Forward returns the velocity [S out_channels].
func (t *Transformer) Forward(in Inputs) onnx.Value {
	g := t.g
	temb := t.TimeTextEmbed.TimestepEmbedder.apply(in.Time)
	if t.config.Guidance {
		temb = g.Add(temb, t.TimeTextEmbed.GuidanceEmbedder.apply(in.Guidance))
	}
	temb = g.Add(temb, t.TimeTextEmbed.TextEmbedder.apply(in.Pooled))
	temb = nn.SiLU(g, temb) // [1 D]: what every modulation starts from

	image, text := t.XEmbedder.Apply(in.Latents), t.ContextEmbedder.Apply(in.Text)
	att := attention{g, in.Cos, in.Sin, t.config.Heads, t.plain}
	for _, block := range t.TransformerBlocks {
		image, text = block.forward(image, text, temb, att, in.Tokens)
	}
	both := g.Concat(0, text, image) // [T+S D]
	for _, block := range t.SingleTransformerBlocks {
		both = block.forward(both, temb, att)
	}
	image = g.SliceTo(both, 0, in.Tokens, g.Ints(1<<62), image.Dim(0))

	m := t.NormOut.parts(temb) // scale before shift here, unlike in the blocks
	return t.ProjOut.Apply(modulate(g, image, m[1], m[0]))
}

// mlp is linear_1, SiLU, linear_2: the embedders of time, guidance and pooled text.
type mlp struct {
	g                *onnx.Graph
	Linear1, Linear2 nn.Linear
}

func newMLP(g *onnx.Graph, w *nn.Weights, in, d int) mlp {
	return mlp{g, w.Linear("linear_1", in, d), w.Linear("linear_2", d, d)}
}

func (m mlp) apply(x onnx.Value) onnx.Value {
	return m.Linear2.Apply(nn.SiLU(m.g, m.Linear1.Apply(x)))
}
