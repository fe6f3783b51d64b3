// Package flux is the FLUX.1 transformer: its config, its graph, and the
// packing of latents and positions into the tokens it reads.
//
// The reference is diffusers' FluxTransformer2DModel and FluxPipeline, v0.35.2.
package flux

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"easel/internal/engine/problems"
)

// Class is the transformer's name in a model_index.json.
const Class = "FluxTransformer2DModel"

// Config is transformer/config.json. The numbers beside the fields are FLUX.1-dev's.
type Config struct {
	Class       string `json:"_class_name"`
	PatchSize   int    `json:"patch_size"`            // 1
	InChannels  int    `json:"in_channels"`           // 64
	OutChannels int    `json:"out_channels"`          // null: InChannels
	Double      int    `json:"num_layers"`            // 19
	Single      int    `json:"num_single_layers"`     // 38
	HeadDim     int    `json:"attention_head_dim"`    // 128
	Heads       int    `json:"num_attention_heads"`   // 24
	TextWidth   int    `json:"joint_attention_dim"`   // 4096
	PooledWidth int    `json:"pooled_projection_dim"` // 768
	Guidance    bool   `json:"guidance_embeds"`       // true; false for schnell
	AxesDims    []int  `json:"axes_dims_rope"`        // 16, 56, 56
}

// ReadConfig reads and checks the config.json in folder dir.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	c := Config{ // diffusers' own defaults
		PatchSize: 1, InChannels: 64, Double: 19, Single: 38, HeadDim: 128, Heads: 24,
		TextWidth: 4096, PooledWidth: 768, AxesDims: []int{16, 56, 56},
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	if c.OutChannels == 0 {
		c.OutChannels = c.InChannels
	}
	if err := c.check(); err != nil {
		return Config{}, problems.In(path, err)
	}
	return c, nil
}

// Width is the size of a token inside the transformer.
func (c Config) Width() int { return c.Heads * c.HeadDim } // 3072

// maxSize bounds every number of a config, so that their products fit.
const maxSize = 1 << 20

func (c Config) check() error {
	var errs []error
	positive := func(name string, n int) {
		if n < 1 || n > maxSize {
			errs = append(errs, fmt.Errorf("%s is %d; it must be between 1 and %d", name, n, maxSize))
		}
	}
	if c.Class != Class {
		errs = append(errs, fmt.Errorf("_class_name is %q; Easel knows %q", c.Class, Class))
	}
	positive("in_channels", c.InChannels)
	positive("out_channels", c.OutChannels)
	positive("attention_head_dim", c.HeadDim)
	positive("num_attention_heads", c.Heads)
	positive("joint_attention_dim", c.TextWidth)
	positive("pooled_projection_dim", c.PooledWidth)
	if c.PatchSize != 1 {
		errs = append(errs, fmt.Errorf("patch_size is %d; FLUX has 1", c.PatchSize))
	}
	if c.Double < 0 || c.Single < 0 || c.Double > 1000 || c.Single > 1000 {
		errs = append(errs, fmt.Errorf("num_layers %d and num_single_layers %d must be between 0 and 1000", c.Double, c.Single))
	}
	if c.InChannels%4 != 0 {
		errs = append(errs, fmt.Errorf("in_channels is %d; it must be a multiple of 4, the 2×2 latents of a token", c.InChannels))
	}
	sum := 0
	for _, n := range c.AxesDims {
		if n < 0 || n > maxSize || n%2 != 0 {
			errs = append(errs, fmt.Errorf("axes_dims_rope %v must be even and between 0 and %d", c.AxesDims, maxSize))
			break
		}
		sum += n
	}
	if len(c.AxesDims) != 3 || sum != c.HeadDim {
		errs = append(errs, fmt.Errorf("axes_dims_rope %v must be three numbers that add up to attention_head_dim %d", c.AxesDims, c.HeadDim))
	}
	return errors.Join(errs...)
}
