package t5

import (
	"context"
	"fmt"
	"path/filepath"

	"easel/internal/engine/nn"
	"easel/internal/engine/ort"
	"easel/internal/engine/safetensors"
)

// Model is an encoder ready to run.
type Model struct {
	Config  Config
	Modules []nn.Module // that take a LoRA; empty when not adapted
	session *ort.Session
}

// Load reads the encoder in folder dir of a diffusers directory.
func Load(dir string, adapted bool, o ort.Options) (*Model, error) {
	config, file, err := open(dir)
	if err != nil {
		return nil, err
	}
	return load(dir, config, file, Form{Adapted: adapted, Plain: o.Device == ort.WebGPU, Half: o.Device == ort.CUDA}, o)
}

// open reads an encoder's config and the headers of its weights.
func open(dir string) (Config, *safetensors.Checkpoint, error) {
	config, err := ReadConfig(dir)
	if err != nil {
		return Config{}, nil, err
	}
	file, err := safetensors.OpenDir(dir, "model")
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

// Encode returns the last states [len(ids) d_model] of a text given as padded
// tokens. Modules that adapters do not name are left as they are.
func (m *Model) Encode(ctx context.Context, ids []int64, adapters map[string][2]*ort.Tensor) ([]float32, error) {
	n := int64(len(ids))
	if n == 0 || n > maxTokens {
		return nil, fmt.Errorf("text of %d tokens: the model takes 1 to %d", n, maxTokens)
	}
	for _, id := range ids {
		if id < 0 || id >= int64(m.Config.Vocabulary) {
			return nil, fmt.Errorf("token %d is outside the model's vocabulary of %d", id, m.Config.Vocabulary)
		}
	}
	text, err := ort.New(ids, n)
	if err != nil {
		return nil, err
	}
	defer text.Close()
	buckets, err := ort.New(m.Config.RelativeBuckets(len(ids)), n, n)
	if err != nil {
		return nil, err
	}
	defer buckets.Close()
	states, err := ort.Zeros(n, int64(m.Config.Width))
	if err != nil {
		return nil, err
	}
	defer states.Close()
	in := ort.Values{InIDs: text, InBuckets: buckets}
	in.Adapt(adapters)
	if err := m.session.Run(ctx, in, ort.Values{OutStates: states}); err != nil {
		return nil, err
	}
	return states.Float32s(), nil
}

// maxTokens bounds the memory of the attention's scores, tokens × tokens × heads.
const maxTokens = 4096

// Close frees the model. Closing nil does nothing.
func (m *Model) Close() {
	if m != nil {
		m.session.Close()
	}
}
