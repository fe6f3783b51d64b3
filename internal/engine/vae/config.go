// Package vae is the autoencoder between pictures and latents: its config, the
// graphs of its two halves, and the steps around them.
//
// The reference is diffusers' AutoencoderKL, v0.35.2.
package vae

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"easel/internal/engine/problems"
)

// Class is the autoencoder's name in a model_index.json.
const Class = "AutoencoderKL"

// Config is vae/config.json. The numbers beside the fields are FLUX.1's.
type Config struct {
	Class          string   `json:"_class_name"`
	Activation     string   `json:"act_fn"`                  // silu
	BlockChannels  []int    `json:"block_out_channels"`      // 128, 256, 512, 512: from the picture inwards
	DownBlocks     []string `json:"down_block_types"`        // DownEncoderBlock2D, four times
	UpBlocks       []string `json:"up_block_types"`          // UpDecoderBlock2D, four times
	InChannels     int      `json:"in_channels"`             // 3
	OutChannels    int      `json:"out_channels"`            // 3
	LatentChannels int      `json:"latent_channels"`         // 16
	LayersPerBlock int      `json:"layers_per_block"`        // 2; the decoder has one more
	NormGroups     int      `json:"norm_num_groups"`         // 32
	MidAttention   bool     `json:"mid_block_add_attention"` // true
	QuantConv      bool     `json:"use_quant_conv"`          // false
	PostQuantConv  bool     `json:"use_post_quant_conv"`     // false
	ScalingFactor  float32  `json:"scaling_factor"`          // 0.3611
	ShiftFactor    float32  `json:"shift_factor"`            // 0.1159; null: 0
	LatentsMean    any      `json:"latents_mean"`            // null
	LatentsStd     any      `json:"latents_std"`             // null
}

// ReadConfig reads and checks the config.json in folder dir.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	c := Config{ // diffusers' own defaults
		Activation: "silu", BlockChannels: []int{64}, DownBlocks: []string{downBlock}, UpBlocks: []string{upBlock},
		InChannels: 3, OutChannels: 3, LatentChannels: 4, LayersPerBlock: 1, NormGroups: 32,
		MidAttention: true, QuantConv: true, PostQuantConv: true, ScalingFactor: 0.18215,
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.check(); err != nil {
		return Config{}, problems.In(path, err)
	}
	return c, nil
}

// Factor is how many pixels a latent spans on each side.
func (c Config) Factor() int { return 1 << (len(c.BlockChannels) - 1) } // 8

const (
	downBlock = "DownEncoderBlock2D"
	upBlock   = "UpDecoderBlock2D"
)

// Bounds of a config's numbers, so that their products fit.
const (
	maxChannels = 1 << 16
	maxBlocks   = 10
)

func (c Config) check() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	within := func(name string, n, limit int) {
		if n < 1 || n > limit {
			add("%s is %d; it must be between 1 and %d", name, n, limit)
		}
	}
	if c.Class != Class {
		add("_class_name is %q; Easel knows %q", c.Class, Class)
	}
	within("block_out_channels' length", len(c.BlockChannels), maxBlocks)
	for _, n := range c.BlockChannels {
		within("block_out_channels", n, maxChannels)
		if c.NormGroups > 0 && n%c.NormGroups != 0 {
			add("block_out_channels has %d, not a multiple of norm_num_groups %d", n, c.NormGroups)
		}
	}
	within("latent_channels", c.LatentChannels, maxChannels)
	within("layers_per_block", c.LayersPerBlock, 100)
	within("norm_num_groups", c.NormGroups, maxChannels)
	if c.InChannels != 3 || c.OutChannels != 3 {
		add("in_channels and out_channels are %d and %d; pictures have 3", c.InChannels, c.OutChannels)
	}
	blocks := func(name string, given []string, want string) {
		if len(given) != len(c.BlockChannels) {
			add("%s has %d blocks, block_out_channels %d", name, len(given), len(c.BlockChannels))
		}
		for _, b := range given {
			if b != want {
				add("%s has %q; Easel knows %q", name, b, want)
			}
		}
	}
	blocks("down_block_types", c.DownBlocks, downBlock)
	blocks("up_block_types", c.UpBlocks, upBlock)
	if c.ScalingFactor == 0 {
		add("scaling_factor is 0")
	}
	if c.LatentsMean != nil || c.LatentsStd != nil {
		add("latents_mean and latents_std are not those of a FLUX model")
	}
	return errors.Join(errs...)
}
