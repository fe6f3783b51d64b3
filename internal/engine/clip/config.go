// Package clip is CLIP's text model, of which FLUX reads the pooled output: its
// config and its graph.
//
// The reference is transformers' CLIPTextModel, v4.57.
package clip

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"easel/internal/engine/problems"
)

// Class is the model's name in a model_index.json.
const Class = "CLIPTextModel"

// Config is text_encoder/config.json. The numbers beside the fields are those of CLIP-L.
type Config struct {
	Architectures []string `json:"architectures"`
	Width         int      `json:"hidden_size"`             // 768
	Hidden        int      `json:"intermediate_size"`       // 3072
	Layers        int      `json:"num_hidden_layers"`       // 12
	Heads         int      `json:"num_attention_heads"`     // 12
	MaxTokens     int      `json:"max_position_embeddings"` // 77
	Vocabulary    int      `json:"vocab_size"`              // 49408
	Activation    string   `json:"hidden_act"`              // quick_gelu
	Eps           float64  `json:"layer_norm_eps"`          // 1e-5
	EOS           int64    `json:"eos_token_id"`            // 2; see Pool
}

// ReadConfig reads and checks the config.json in folder dir.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	c := Config{ // transformers' own defaults
		Width: 512, Hidden: 2048, Layers: 12, Heads: 8, MaxTokens: 77, Vocabulary: 49408,
		Activation: "quick_gelu", Eps: 1e-5, EOS: 49407,
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.check(); err != nil {
		return Config{}, problems.In(path, err)
	}
	return c, nil
}

// Bounds of a config's numbers, so that their products fit and what is built of
// them does, too.
const (
	maxSize   = 1 << 20
	maxLayers = 1000
	maxTokens = 4096 // the attention's scores are tokens × tokens × heads
)

func (c Config) check() error {
	var errs []error
	within := func(name string, n, limit int) {
		if n < 1 || n > limit {
			errs = append(errs, fmt.Errorf("%s is %d; it must be between 1 and %d", name, n, limit))
		}
	}
	for _, a := range c.Architectures {
		if a != Class && a != "CLIPTextModelWithProjection" && a != "CLIPModel" { // the text model is the same
			errs = append(errs, fmt.Errorf("architectures has %q; Easel knows %q", a, Class))
		}
	}
	within("hidden_size", c.Width, maxSize)
	within("intermediate_size", c.Hidden, maxSize)
	within("num_hidden_layers", c.Layers, maxLayers)
	within("num_attention_heads", c.Heads, maxSize)
	within("max_position_embeddings", c.MaxTokens, maxTokens)
	within("vocab_size", c.Vocabulary, maxSize)
	if c.Eps <= 0 {
		errs = append(errs, fmt.Errorf("layer_norm_eps is %v; it must be above 0", c.Eps))
	}
	if c.Heads > 0 && c.Width%c.Heads != 0 {
		errs = append(errs, fmt.Errorf("hidden_size %d is not a multiple of num_attention_heads %d", c.Width, c.Heads))
	}
	return errors.Join(errs...)
}

// legacyEOS marks configs written when the field was wrong; the end token is
// then found as the highest of all.
const legacyEOS = 2

// Pool is the place of the token whose state stands for the whole text: the
// first end token, or the first of the highest tokens where the config has the
// legacy end token.
func (c Config) Pool(ids []int64) int {
	best := 0
	for i, id := range ids {
		if c.EOS != legacyEOS && id == c.EOS {
			return i
		}
		if c.EOS == legacyEOS && id > ids[best] {
			best = i
		}
	}
	return best // 0 without any end token, as argmax gives
}
