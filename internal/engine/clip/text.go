package clip

import (
	"fmt"

	"easel/internal/engine/nn"
	"easel/internal/engine/onnx"
	"easel/internal/engine/safetensors"
)

// Names of the graph's inputs and output.
const (
	InIDs     = "ids"
	InPool    = "pool"
	OutPooled = "pooled"
)

// text is CLIPTextTransformer; fields are named as in the checkpoint.
type text struct {
	g              *onnx.Graph
	Token          onnx.Value // [tokens width], a row for each input
	Position       onnx.Value // [tokens width]
	Layers         []layer
	FinalLayerNorm nn.LayerNorm
}

// layer is CLIPEncoderLayer.
type layer struct {
	g                      *onnx.Graph
	LayerNorm1, LayerNorm2 nn.LayerNorm
	QProj, KProj, VProj    nn.Linear
	OutProj                nn.Linear
	FC1, FC2               nn.Linear
	config                 Config
	mask                   onnx.Value // [tokens tokens]; absent: the fused op masks by itself
}

func newLayer(g *onnx.Graph, w *nn.Weights, c Config, mask onnx.Value) layer {
	d := c.Width
	return layer{
		g: g, config: c, mask: mask,
		LayerNorm1: w.LayerNorm("layer_norm1", d, c.Eps), LayerNorm2: w.LayerNorm("layer_norm2", d, c.Eps),
		QProj: w.Linear("self_attn.q_proj", d, d), KProj: w.Linear("self_attn.k_proj", d, d),
		VProj: w.Linear("self_attn.v_proj", d, d), OutProj: w.Linear("self_attn.out_proj", d, d),
		FC1: w.Linear("mlp.fc1", d, c.Hidden), FC2: w.Linear("mlp.fc2", c.Hidden, d),
	}
}

// forward maps x [tokens width] to the same shape; a token sees those before it.
func (l layer) forward(x onnx.Value) onnx.Value {
	g, c := l.g, l.config
	y := l.LayerNorm1.Apply(x)
	x = g.Add(x, l.OutProj.Apply(l.attend(l.QProj.Apply(y), l.KProj.Apply(y), l.VProj.Apply(y))))
	y = nn.Activation(g, c.Activation, l.FC1.Apply(l.LayerNorm2.Apply(x)))
	return g.Add(x, l.FC2.Apply(y))
}

func (l layer) attend(q, k, v onnx.Value) onnx.Value {
	if l.mask.Given() {
		return nn.PlainAttention(l.g, q, k, v, l.mask, l.config.Heads, 0)
	}
	return nn.Attention(l.g, q, k, v, l.config.Heads, onnx.AttentionOptions{Causal: true})
}

// causalMask hides from each of ids' tokens those after it.
func causalMask(g *onnx.Graph, c Config, ids onnx.Value) onnx.Value {
	const hidden = -1e9 // e^hidden is 0, and sums stay finite
	n := c.MaxTokens
	square := make([]float32, n*n)
	for i := range square {
		if i%n > i/n {
			square[i] = hidden
		}
	}
	mask := g.Floats(square, int64(n), int64(n))
	for axis := range 2 {
		mask = g.SliceTo(mask, axis, g.Ints(0), g.SizeOf(ids, 0), ids.Dim(0))
	}
	return mask
}

func newText(g *onnx.Graph, w *nn.Weights, c Config, ids onnx.Value, plain bool) text {
	t := text{g: g}
	t.Token = w.Embedding("embeddings.token_embedding.weight", c.Vocabulary, c.Width, ids)
	table := w.At("embeddings.position_embedding").Tensor("weight", c.MaxTokens, c.Width)
	t.Position = g.SliceTo(table, 0, g.Ints(0), g.SizeOf(ids, 0), ids.Dim(0))
	var mask onnx.Value
	if plain {
		mask = causalMask(g, c, ids)
	}
	for i := range c.Layers {
		t.Layers = append(t.Layers, newLayer(g, w.At("encoder.layers", i), c, mask))
	}
	t.FinalLayerNorm = w.LayerNorm("final_layer_norm", c.Width, c.Eps)
	return t
}

// pooled returns the state [1 width] of the token at place pool [1].
func (t text) pooled(pool onnx.Value) onnx.Value {
	x := t.g.Add(t.Token, t.Position)
	for _, l := range t.Layers {
		x = l.forward(x)
	}
	return t.FinalLayerNorm.Apply(t.g.Gather(x, pool)) // the norm is by token: one is enough
}

// Build makes the model's graph over the checkpoint file: inputs ids [tokens]
// and pool [1], output pooled [1 width]. With adapted, its linear layers take
// LoRA inputs; the modules say which. The error lists every tensor that is
// missing or wrong.
func Build(c Config, file *safetensors.Checkpoint, adapted bool) (onnx.Model, []nn.Module, error) {
	return build(c, file, adapted, false)
}

// build is Build; plain avoids the fused attention op, which is wrong on WebGPU
// where subgroups are small.
func build(c Config, file *safetensors.Checkpoint, adapted, plain bool) (onnx.Model, []nn.Module, error) {
	g := onnx.New("text_encoder")
	ids := g.Input(InIDs, onnx.Int64, onnx.Sym("tokens"))
	pool := g.Input(InPool, onnx.Int64, onnx.D(1))
	w := nn.NewWeights(g, file, adapted)
	t := newText(g, w.At("text_model"), c, ids, plain)
	g.Output(OutPooled, t.pooled(pool))
	if err := w.Err(); err != nil {
		return onnx.Model{}, nil, err
	}
	m, err := g.Build()
	if err != nil {
		return onnx.Model{}, nil, fmt.Errorf("build text encoder: %w", err)
	}
	return m, w.Modules(), nil
}
