package t5

import (
	"fmt"

	"easel/internal/engine/nn"
	"easel/internal/engine/onnx"
	"easel/internal/engine/safetensors"
)

// Names of the graph's inputs and output.
const (
	InIDs     = "ids"
	InBuckets = "buckets"
	OutStates = "states"
)

// encoder is T5Stack; fields are named as in the checkpoint.
type encoder struct {
	g              *onnx.Graph
	EmbedTokens    onnx.Value // [tokens width], a row for each input
	RelativeBias   onnx.Value // [buckets heads]; block 0's, used by all
	Blocks         []block
	FinalLayerNorm nn.RMSNorm
}

// block is T5Block: attention and feed-forward, each normed first and added.
type block struct {
	g             *onnx.Graph
	config        Config
	plain         bool
	SelfAttention struct {
		LayerNorm  nn.RMSNorm
		Q, K, V, O nn.Linear
	}
	DenseReluDense struct {
		LayerNorm nn.RMSNorm
		WI        nn.Linear // wi_0 where gated
		WI1       nn.Linear // the gate's other half
		WO        nn.Linear
	}
}

func newBlock(g *onnx.Graph, w *nn.Weights, c Config, plain bool) block {
	b, inner := block{g: g, config: c, plain: plain}, c.Heads*c.HeadDim
	a, at := &b.SelfAttention, w.At("layer.0")
	a.LayerNorm = at.RMSNorm("layer_norm", c.Width, c.Eps)
	at = at.At("SelfAttention")
	a.Q, a.K, a.V = at.LinearNoBias("q", c.Width, inner), at.LinearNoBias("k", c.Width, inner), at.LinearNoBias("v", c.Width, inner)
	a.O = at.LinearNoBias("o", inner, c.Width)

	f, at := &b.DenseReluDense, w.At("layer.1")
	f.LayerNorm = at.RMSNorm("layer_norm", c.Width, c.Eps)
	at = at.At("DenseReluDense")
	if *c.Gated {
		f.WI, f.WI1 = at.LinearNoBias("wi_0", c.Width, c.Hidden), at.LinearNoBias("wi_1", c.Width, c.Hidden)
	} else {
		f.WI = at.LinearNoBias("wi", c.Width, c.Hidden)
	}
	f.WO = at.LinearNoBias("wo", c.Hidden, c.Width)
	return b
}

// forward maps x [tokens width] to the same shape; bias is [heads tokens tokens].
func (b block) forward(x, bias onnx.Value) onnx.Value {
	g, a, f := b.g, b.SelfAttention, b.DenseReluDense
	y := a.LayerNorm.Apply(x)
	x = g.Add(x, a.O.Apply(b.attend(a.Q.Apply(y), a.K.Apply(y), a.V.Apply(y), bias)))

	y = f.LayerNorm.Apply(x)
	hidden := nn.Activation(g, b.config.Activation, f.WI.Apply(y))
	if *b.config.Gated {
		hidden = g.Mul(hidden, f.WI1.Apply(y))
	}
	return g.Add(x, f.WO.Apply(hidden))
}

// attend does not scale the scores: T5 has that in its weights.
func (b block) attend(q, k, v, bias onnx.Value) onnx.Value {
	if b.plain {
		return nn.PlainAttention(b.g, q, k, v, bias, b.config.Heads, 1)
	}
	o := onnx.AttentionOptions{Bias: b.g.Unsqueeze(bias, 0), Scale: 1}
	return nn.Attention(b.g, q, k, v, b.config.Heads, o)
}

func newEncoder(g *onnx.Graph, w *nn.Weights, c Config, ids onnx.Value, plain bool) encoder {
	e := encoder{g: g}
	table := "shared.weight"
	if !w.Has(table) {
		table = "encoder.embed_tokens.weight"
	}
	e.EmbedTokens = w.Embedding(table, c.Vocabulary, c.Width, ids)
	w = w.At("encoder")
	e.RelativeBias = w.Tensor("block.0.layer.0.SelfAttention.relative_attention_bias.weight", c.Buckets, c.Heads)
	for i := range c.Layers {
		e.Blocks = append(e.Blocks, newBlock(g, w.At("block", i), c, plain))
	}
	e.FinalLayerNorm = w.RMSNorm("final_layer_norm", c.Width, c.Eps)
	return e
}

// forward returns the last states [tokens width]; buckets [tokens tokens] are
// those of RelativeBuckets.
func (e encoder) forward(buckets onnx.Value) onnx.Value {
	g := e.g
	bias := g.Transpose(g.Gather(e.RelativeBias, buckets), 2, 0, 1) // [heads tokens tokens]
	x := e.EmbedTokens
	for _, b := range e.Blocks {
		x = b.forward(x, bias)
	}
	return e.FinalLayerNorm.Apply(x)
}

// Form says how the encoder's graph is made.
type Form struct {
	Adapted bool // linear layers take LoRA inputs
	Plain   bool // without the fused attention op
	Half    bool // computes in bf16; the output stays f32

	Rounded *safetensors.Checkpoint // 8-bit weights to use instead of the checkpoint's own; nil: none
}

// Build makes the encoder's graph over the checkpoint file: inputs ids [tokens]
// and buckets [tokens tokens], output states [tokens width]. The modules are the
// layers that take LoRA inputs. The error lists every tensor that is missing or
// wrong.
func Build(c Config, file *safetensors.Checkpoint, form Form) (onnx.Model, []nn.Module, error) {
	g := onnx.New("text_encoder_2")
	tokens := onnx.Sym("tokens")
	ids := g.Input(InIDs, onnx.Int64, tokens)
	buckets := g.Input(InBuckets, onnx.Int64, tokens, tokens)
	w := nn.NewWeights(g, file, form.Adapted)
	w.Rounded(form.Rounded, 0, func(string) bool { return false })
	if form.Half {
		w.Compute(onnx.BFloat16)
	}
	e := newEncoder(g, w, c, ids, form.Plain)
	g.Output(OutStates, g.Cast(e.forward(buckets), onnx.Float32))
	if err := w.Err(); err != nil {
		return onnx.Model{}, nil, err
	}
	m, err := g.Build()
	if err != nil {
		return onnx.Model{}, nil, fmt.Errorf("build text encoder 2: %w", err)
	}
	return m, w.Modules(), nil
}
