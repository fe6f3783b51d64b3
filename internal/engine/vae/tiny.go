package vae

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"easel/internal/engine/nn"
	"easel/internal/engine/onnx"
	"easel/internal/engine/ort"
	"easel/internal/engine/problems"
	"easel/internal/engine/safetensors"
)

// TinyConfig is the config.json of an AutoencoderTiny, of which Easel uses the
// decoder for previews. The numbers beside the fields are TAEF1's.
type TinyConfig struct {
	Class          string  `json:"_class_name"`                // AutoencoderTiny
	Channels       []int   `json:"decoder_block_out_channels"` // 64, 64, 64, 64
	Blocks         []int   `json:"num_decoder_blocks"`         // 3, 3, 3, 1
	LatentChannels int     `json:"latent_channels"`            // 16
	OutChannels    int     `json:"out_channels"`               // 3
	Activation     string  `json:"act_fn"`                     // relu
	Upsample       string  `json:"upsample_fn"`                // nearest
	UpsampleFactor int     `json:"upsampling_scaling_factor"`  // 2
	ScalingFactor  float32 `json:"scaling_factor"`             // 1
	ShiftFactor    float32 `json:"shift_factor"`               // 0
}

// ReadTinyConfig reads and checks the config.json in folder dir.
func ReadTinyConfig(dir string) (TinyConfig, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return TinyConfig{}, err
	}
	c := TinyConfig{ // diffusers' own defaults
		Channels: []int{64, 64, 64, 64}, Blocks: []int{3, 3, 3, 1}, LatentChannels: 4, OutChannels: 3,
		Activation: "relu", Upsample: "nearest", UpsampleFactor: 2, ScalingFactor: 1,
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return TinyConfig{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.check(); err != nil {
		return TinyConfig{}, problems.In(path, err)
	}
	return c, nil
}

// Factor is how many pixels a latent spans on each side.
func (c TinyConfig) Factor() int { return 1 << (len(c.Channels) - 1) } // 8

func (c TinyConfig) check() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	want(c.Class == "AutoencoderTiny", "_class_name is %q; Easel knows %q", c.Class, "AutoencoderTiny")
	want(len(c.Channels) > 0 && len(c.Channels) <= maxBlocks && len(c.Blocks) == len(c.Channels),
		"decoder_block_out_channels %v and num_decoder_blocks %v must be 1 to %d numbers each", c.Channels, c.Blocks, maxBlocks)
	for _, n := range append(append([]int{c.LatentChannels}, c.Channels...), c.Blocks...) {
		want(n > 0 && n <= maxChannels, "decoder_block_out_channels, num_decoder_blocks and latent_channels have %d; each must be between 1 and %d", n, maxChannels)
	}
	for _, n := range c.Channels {
		want(n == c.Channels[0], "decoder_block_out_channels %v must be equal", c.Channels)
	}
	want(c.OutChannels == 3, "out_channels is %d; pictures have 3", c.OutChannels)
	want(c.Upsample == "nearest" && c.UpsampleFactor == 2, "upsample_fn %q by %d is not nearest by 2", c.Upsample, c.UpsampleFactor)
	want(c.ScalingFactor != 0, "scaling_factor is 0")
	return errors.Join(errs...)
}

// tinyBlock is AutoencoderTinyBlock: three convolutions, added to what they were given.
type tinyBlock [3]nn.Conv2D

// BuildTiny makes the graph of DecoderTiny over the checkpoint file: input
// latents [1 c h w], output picture [1 3 h·f w·f]. Its layers are numbered in
// one list, activations and upsamplings included.
func BuildTiny(c TinyConfig, file *safetensors.Checkpoint) (onnx.Model, error) {
	g := onnx.New("taef1")
	w := nn.NewWeights(g, file, false)
	layers, number := w.At("decoder.layers"), 0
	next := func() (at int) { at = number; number++; return }
	act := func(x onnx.Value) onnx.Value { return nn.Activation(g, c.Activation, x) }

	x := g.Input(InLatents, onnx.Float32, onnx.D(1), onnx.D(c.LatentChannels), onnx.Sym("h"), onnx.Sym("w"))
	x = g.Mul(g.Tanh(g.Mul(x, g.Float(1./3))), g.Float(3)) // bounds outliers
	x = layers.Conv2D(fmt.Sprint(next()), c.LatentChannels, c.Channels[0], 3).Apply(x)
	x = act(x)
	next()
	for i, n := range c.Channels {
		for range c.Blocks[i] {
			at := layers.At(next(), "conv")
			block := tinyBlock{at.Conv2D("0", n, n, 3), at.Conv2D("2", n, n, 3), at.Conv2D("4", n, n, 3)}
			y := block[2].Apply(act(block[1].Apply(act(block[0].Apply(x)))))
			x = g.Relu(g.Add(y, x))
		}
		if i < len(c.Channels)-1 {
			x = g.Upsample2x(x)
			next()
			x = layers.Conv2DNoBias(fmt.Sprint(next()), n, n, 3).Apply(x)
		}
	}
	x = layers.Conv2D(fmt.Sprint(next()), c.Channels[0], c.OutChannels, 3).Apply(x)
	g.Output(OutPicture, g.Sub(g.Mul(x, g.Float(2)), g.Float(1)))
	return build(g, w)
}

// Tiny makes small mistakes and pictures of latents quickly.
type Tiny struct {
	Config  TinyConfig
	session *ort.Session
}

// LoadTiny reads the decoder of the AutoencoderTiny in folder dir.
func LoadTiny(dir string, o ort.Options) (*Tiny, error) {
	c, err := ReadTinyConfig(dir)
	if err != nil {
		return nil, err
	}
	file, err := safetensors.OpenDir(dir, "diffusion_pytorch_model")
	if err != nil {
		return nil, err
	}
	model, err := BuildTiny(c, file)
	if err != nil {
		return nil, err
	}
	session, err := ort.Open(model, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(dir), err)
	}
	return &Tiny{c, session}, nil
}

// Decode maps latents [c h w] as the transformer has them to a picture
// [3 h·f w·f] of values around −1…1.
func (t *Tiny) Decode(ctx context.Context, latents []float32, h, w int) ([]float32, error) {
	return decode(ctx, t.session, latents, []int{t.Config.LatentChannels, h, w}, t.Config.Factor(), t.Config.ScalingFactor, t.Config.ShiftFactor)
}

// Close frees the decoder. Closing nil does nothing.
func (t *Tiny) Close() {
	if t != nil {
		t.session.Close()
	}
}
