package clip

import (
	"context"
	"fmt"
	"path/filepath"

	"easel/internal/engine/nn"
	"easel/internal/engine/ort"
	"easel/internal/engine/safetensors"
)

// Model is a text model ready to run.
type Model struct {
	Config  Config
	Modules []nn.Module // that take a LoRA; empty when not adapted
	session *ort.Session
}

// Load reads the text model in folder dir of a diffusers directory.
func Load(dir string, adapted bool, o ort.Options) (*Model, error) {
	config, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	file, err := safetensors.OpenDir(dir, "model")
	if err != nil {
		return nil, err
	}
	graph, modules, err := build(config, file, adapted, o.Device == ort.WebGPU)
	if err != nil {
		return nil, err
	}
	session, err := ort.Open(graph, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(dir), err)
	}
	return &Model{Config: config, Modules: modules, session: session}, nil
}

// Encode returns the pooled state [hidden_size] of a text given as padded
// tokens. Modules that adapters do not name are left as they are.
func (m *Model) Encode(ctx context.Context, ids []int64, adapters map[string][2]*ort.Tensor) ([]float32, error) {
	c := m.Config
	if len(ids) == 0 || len(ids) > c.MaxTokens {
		return nil, fmt.Errorf("text of %d tokens: the model takes 1 to %d", len(ids), c.MaxTokens)
	}
	for _, id := range ids {
		if id < 0 || id >= int64(c.Vocabulary) {
			return nil, fmt.Errorf("token %d is outside the model's vocabulary of %d", id, c.Vocabulary)
		}
	}
	text, err := ort.New(ids, int64(len(ids)))
	if err != nil {
		return nil, err
	}
	defer text.Close()
	pool, err := ort.New([]int64{int64(c.Pool(ids))}, 1)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	pooled, err := ort.Zeros(1, int64(c.Width))
	if err != nil {
		return nil, err
	}
	defer pooled.Close()
	in := ort.Values{InIDs: text, InPool: pool}
	in.Adapt(adapters)
	if err := m.session.Run(ctx, in, ort.Values{OutPooled: pooled}); err != nil {
		return nil, err
	}
	return pooled.Float32s(), nil
}

// Close frees the model. Closing nil does nothing.
func (m *Model) Close() {
	if m != nil {
		m.session.Close()
	}
}
