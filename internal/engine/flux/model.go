package flux

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"easel/internal/engine/nn"
	"easel/internal/engine/ort"
	"easel/internal/engine/safetensors"
)

// Model is a transformer ready to run.
type Model struct {
	Config  Config
	Modules []nn.Module // that take a LoRA; empty when not adapted
	Rounded float64     // share of the blocks' weights that are rounded
	session *ort.Session
}

// Load reads the transformer in folder dir of a diffusers directory.
func Load(dir string, adapted bool, o ort.Options) (*Model, error) {
	config, file, err := open(dir)
	if err != nil {
		return nil, err
	}
	return load(dir, config, file, Form{Adapted: adapted, Plain: o.Device == ort.WebGPU, Half: o.Device == ort.CUDA}, o)
}

// open reads a transformer's config and the headers of its weights.
func open(dir string) (Config, *safetensors.Checkpoint, error) {
	config, err := ReadConfig(dir)
	if err != nil {
		return Config{}, nil, err
	}
	file, err := safetensors.OpenDir(dir, "diffusion_pytorch_model")
	return config, file, err
}

func load(dir string, config Config, file *safetensors.Checkpoint, form Form, o ort.Options) (*Model, error) {
	graph, modules, err := Build(config, file, form)
	if err != nil {
		return nil, err
	}
	session, err := ort.Open(graph, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(dir), err)
	}
	return &Model{Config: config, Modules: modules, session: session}, nil
}

// Close frees the model. Closing nil does nothing.
func (m *Model) Close() {
	if m != nil {
		m.session.Close()
	}
}

// Text is a prompt as the transformer reads it.
type Text struct {
	States []float32 // [Tokens TextWidth], T5's
	Pooled []float32 // [PooledWidth], CLIP's
	Tokens int
}

// Pass is the transformer over one size of picture and one text: what stays
// the same over all steps is prepared once.
type Pass struct {
	Latents  []float32 // [rows·cols in_channels], packed: to be filled before Run
	Velocity []float32 // [rows·cols out_channels]: the result
	time     []float32
	tensors  []*ort.Tensor
	bound    *ort.Binding
}

// NewPass prepares passes over rows×cols image tokens. Modules that adapters do
// not name are left as they are; the caller keeps the adapters' tensors.
func (m *Model) NewPass(text Text, rows, cols int, guidance float64, adapters map[string][2]*ort.Tensor) (_ *Pass, err error) {
	c, n := m.Config, int64(rows*cols)
	t := int64(text.Tokens)
	p := &Pass{
		Latents:  make([]float32, n*int64(c.InChannels)),
		Velocity: make([]float32, n*int64(c.OutChannels)),
		time:     make([]float32, timeChannels),
	}
	defer func() {
		if err != nil {
			p.Close()
		}
	}()
	in, out := ort.Values{}, ort.Values{}
	var errs []error
	tensor := func(data []float32, shape ...int64) *ort.Tensor {
		x, err := ort.New(data, shape...)
		errs = append(errs, err)
		p.tensors = append(p.tensors, x)
		return x
	}
	cos, sin := c.Rotations(text.Tokens, rows, cols)
	in[InLatents] = tensor(p.Latents, n, int64(c.InChannels))
	in[InText] = tensor(text.States, t, int64(c.TextWidth))
	in[InPooled] = tensor(text.Pooled, 1, int64(c.PooledWidth))
	in[InTime] = tensor(p.time, 1, timeChannels)
	in[InCos] = tensor(cos, t+n, int64(c.HeadDim/2))
	in[InSin] = tensor(sin, t+n, int64(c.HeadDim/2))
	if c.Guidance {
		in[InGuidance] = tensor(Sinusoid(float32(guidance)), 1, timeChannels)
	}
	in.Adapt(adapters)
	count, err := ort.New([]int64{t}, 1)
	errs = append(errs, err)
	p.tensors = append(p.tensors, count)
	in[InTokens] = count
	out[OutVelocity] = tensor(p.Velocity, n, int64(c.OutChannels))
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("prepare transformer: %w", err)
	}
	p.bound, err = m.session.Bind(in, out, InLatents, InTime)
	return p, err
}

// Run computes Velocity from Latents at a time in 0…1: the noise's share of them.
func (p *Pass) Run(ctx context.Context, time float32) error {
	copy(p.time, Sinusoid(time))
	return p.bound.Run(ctx)
}

// Close frees the pass.
func (p *Pass) Close() {
	p.bound.Close()
	for _, t := range p.tensors {
		t.Close()
	}
}
