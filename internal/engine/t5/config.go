// Package t5 is the T5 encoder, whose last states are the text that FLUX reads:
// its config and its graph.
//
// The reference is transformers' T5EncoderModel, v4.57. FluxPipeline gives it no
// attention mask, so neither does Easel: padding is seen.
package t5

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"easel/internal/engine/problems"
)

// Class is the model's name in a model_index.json.
const Class = "T5EncoderModel"

// Config is text_encoder_2/config.json. The numbers beside the fields are those of T5-XXL v1.1.
type Config struct {
	Architectures []string `json:"architectures"`
	Width         int      `json:"d_model"`                         // 4096
	HeadDim       int      `json:"d_kv"`                            // 64
	Hidden        int      `json:"d_ff"`                            // 10240
	Layers        int      `json:"num_layers"`                      // 24
	Heads         int      `json:"num_heads"`                       // 64
	Vocabulary    int      `json:"vocab_size"`                      // 32128
	Buckets       int      `json:"relative_attention_num_buckets"`  // 32
	MaxDistance   int      `json:"relative_attention_max_distance"` // 128
	Eps           float64  `json:"layer_norm_epsilon"`              // 1e-6
	FeedForward   string   `json:"feed_forward_proj"`               // gated-gelu
	Activation    string   `json:"dense_act_fn"`                    // gelu_new; absent: by FeedForward
	Gated         *bool    `json:"is_gated_act"`                    // true; absent: by FeedForward
}

// ReadConfig reads and checks the config.json in folder dir.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	c := Config{ // transformers' own defaults
		Width: 512, HeadDim: 64, Hidden: 2048, Layers: 6, Heads: 8, Vocabulary: 32128,
		Buckets: 32, MaxDistance: 128, Eps: 1e-6, FeedForward: "relu",
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	gate, act, gated := strings.Cut(c.FeedForward, "-")
	if !gated {
		act = c.FeedForward
	}
	if c.FeedForward == "gated-gelu" {
		act = "gelu_new" // what T5 v1.1 was trained with
	}
	if c.Activation == "" {
		c.Activation = act
	}
	if c.Gated == nil {
		yes := gated && gate == "gated"
		c.Gated = &yes
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
)

func (c Config) check() error {
	var errs []error
	within := func(name string, n, low, high int) {
		if n < low || n > high {
			errs = append(errs, fmt.Errorf("%s is %d; it must be between %d and %d", name, n, low, high))
		}
	}
	for _, a := range c.Architectures {
		if a != Class && a != "T5ForConditionalGeneration" && a != "T5Model" { // the encoder is the same
			errs = append(errs, fmt.Errorf("architectures has %q; Easel knows %q", a, Class))
		}
	}
	within("d_model", c.Width, 1, maxSize)
	within("d_kv", c.HeadDim, 1, maxSize)
	within("d_ff", c.Hidden, 1, maxSize)
	within("num_layers", c.Layers, 1, maxLayers)
	within("num_heads", c.Heads, 1, maxSize)
	within("vocab_size", c.Vocabulary, 1, maxSize)
	within("relative_attention_num_buckets", c.Buckets, 4, maxSize)
	within("relative_attention_max_distance", c.MaxDistance, c.Buckets/4+1, maxSize)
	if c.Eps <= 0 {
		errs = append(errs, fmt.Errorf("layer_norm_epsilon is %v; it must be above 0", c.Eps))
	}
	return errors.Join(errs...)
}
