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
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// maxSize bounds every number of a config, so that their products fit.
const maxSize = 1 << 20

func (c Config) check() error {
	var errs []error
	within := func(name string, n, low int) {
		if n < low || n > maxSize {
			errs = append(errs, fmt.Errorf("%s is %d; it must be between %d and %d", name, n, low, maxSize))
		}
	}
	for _, a := range c.Architectures {
		if a != Class && a != "T5ForConditionalGeneration" && a != "T5Model" { // the encoder is the same
			errs = append(errs, fmt.Errorf("architectures has %q; Easel knows %q", a, Class))
		}
	}
	within("d_model", c.Width, 1)
	within("d_kv", c.HeadDim, 1)
	within("d_ff", c.Hidden, 1)
	within("num_layers", c.Layers, 1)
	within("num_heads", c.Heads, 1)
	within("vocab_size", c.Vocabulary, 1)
	within("relative_attention_num_buckets", c.Buckets, 4)
	within("relative_attention_max_distance", c.MaxDistance, c.Buckets/4+1)
	return errors.Join(errs...)
}
