package flux

import (
	"fmt"
	"slices"

	"easel/internal/engine/nn"
	"easel/internal/engine/onnx"
	"easel/internal/engine/safetensors"
)

// Names of the graph's inputs and output.
const (
	InLatents   = "latents"
	InText      = "text"
	InPooled    = "pooled"
	InTime      = "time"
	InGuidance  = "guidance"
	InCos       = "cos"
	InSin       = "sin"
	InTokens    = "text_tokens"
	OutVelocity = "velocity"
)

// Form says how the transformer's graph is made.
type Form struct {
	Adapted bool // linear layers take LoRA inputs
	Plain   bool // without the fused attention op
	Half    bool // computes in bf16 but for the rotations; inputs and output stay f32

	Rounded *safetensors.Checkpoint // 8-bit weights to use instead of the checkpoint's own; nil: none
	Keep    []string                // kinds of layers that use the checkpoint's own all the same
	Levels  int                     // that activations are rounded to, on each side of zero
}

// Build makes the transformer's graph over the checkpoint file. The modules are
// the layers that take LoRA inputs. The error lists every tensor that is
// missing or wrong.
func Build(c Config, file *safetensors.Checkpoint, form Form) (onnx.Model, []nn.Module, error) {
	g := onnx.New("transformer")
	w := nn.NewWeights(g, file, form.Adapted)
	w.Rounded(form.Rounded, form.Levels, func(weight string) bool {
		kind, _ := kindOf(weight)
		return slices.Contains(form.Keep, kind)
	})
	if form.Half {
		w.Compute(onnx.BFloat16)
	}
	t := NewTransformer(g, w, c, form.Plain)

	image, text := onnx.Sym("image"), onnx.Sym("text")
	half := onnx.D(c.HeadDim / 2)
	input := func(name string, rows onnx.Dim, width int) onnx.Value {
		x := g.Input(name, onnx.Float32, rows, onnx.D(width))
		if form.Half {
			x = g.Cast(x, onnx.BFloat16)
		}
		return x
	}
	in := Inputs{
		Latents: input(InLatents, image, c.InChannels),
		Text:    input(InText, text, c.TextWidth),
		Pooled:  input(InPooled, onnx.D(1), c.PooledWidth),
		Time:    input(InTime, onnx.D(1), timeChannels),
		Cos:     g.Input(InCos, onnx.Float32, onnx.Sym("tokens"), half),
		Sin:     g.Input(InSin, onnx.Float32, onnx.Sym("tokens"), half),
		Tokens:  g.Input(InTokens, onnx.Int64, onnx.D(1)),
	}
	if c.Guidance {
		in.Guidance = input(InGuidance, onnx.D(1), timeChannels)
	}
	g.Output(OutVelocity, g.Cast(t.Forward(in), onnx.Float32))
	if err := w.Err(); err != nil {
		return onnx.Model{}, nil, err
	}
	m, err := g.Build()
	if err != nil {
		return onnx.Model{}, nil, fmt.Errorf("build transformer: %w", err)
	}
	return m, w.Modules(), nil
}
