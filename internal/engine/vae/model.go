package vae

import (
	"context"
	"fmt"
	"path/filepath"

	"easel/internal/engine/onnx"
	"easel/internal/engine/ort"
	"easel/internal/engine/safetensors"
)

// Decoder makes pictures of latents.
type Decoder struct {
	Config  Config
	session *ort.Session
}

// LoadDecoder reads the decoder of the autoencoder in folder dir.
func LoadDecoder(dir string, o ort.Options) (*Decoder, error) {
	c, session, err := load(dir, BuildDecoder, o)
	if err != nil {
		return nil, err
	}
	return &Decoder{c, session}, nil
}

// Decode maps latents [c h w] as the transformer has them to a picture
// [3 h·f w·f] of values around −1…1.
func (d *Decoder) Decode(ctx context.Context, latents []float32, h, w int) ([]float32, error) {
	c := d.Config
	return decode(ctx, d.session, latents, []int{c.LatentChannels, h, w}, c.Factor(), c.ScalingFactor, c.ShiftFactor)
}

// decode runs a decoder over latents of the shape [c h w].
func decode(ctx context.Context, session *ort.Session, latents []float32, shape []int, f int, scale, shift float32) ([]float32, error) {
	c, h, w := shape[0], shape[1], shape[2]
	if h < 1 || w < 1 || len(latents) != c*h*w {
		return nil, fmt.Errorf("decode: %d latents are not %d channels of %d×%d", len(latents), c, w, h)
	}
	scaled := make([]float32, len(latents))
	for i, x := range latents {
		scaled[i] = x/scale + shift
	}
	const colours = 3
	picture := make([]float32, colours*h*f*w*f)
	return picture, run(ctx, session, shaped{InLatents, scaled, shape}, shaped{OutPicture, picture, []int{colours, h * f, w * f}})
}

// Close frees the decoder. Closing nil does nothing.
func (d *Decoder) Close() {
	if d != nil {
		d.session.Close()
	}
}

// Encoder makes latents of pictures.
type Encoder struct {
	Config  Config
	session *ort.Session
}

// LoadEncoder reads the encoder of the autoencoder in folder dir.
func LoadEncoder(dir string, o ort.Options) (*Encoder, error) {
	c, session, err := load(dir, BuildEncoder, o)
	if err != nil {
		return nil, err
	}
	return &Encoder{c, session}, nil
}

// Encode maps a picture [3 height width] of values in −1…1 to the distribution
// of its latents; the sides must be multiples of the config's Factor.
func (e *Encoder) Encode(ctx context.Context, picture []float32, height, width int) (Posterior, error) {
	c, f := e.Config, e.Config.Factor()
	if height < 1 || width < 1 || height%f != 0 || width%f != 0 || len(picture) != c.InChannels*height*width {
		return Posterior{}, fmt.Errorf("encode: %d values are not %d channels of %d×%d, sides multiples of %d", len(picture), c.InChannels, width, height, f)
	}
	h, w := height/f, width/f
	in := shaped{InPicture, picture, []int{c.InChannels, height, width}}
	moments := make([]float32, 2*c.LatentChannels*h*w)
	if err := run(ctx, e.session, in, shaped{OutMoments, moments, []int{2 * c.LatentChannels, h, w}}); err != nil {
		return Posterior{}, err
	}
	n := len(moments) / 2
	return Posterior{Mean: moments[:n:n], LogVar: moments[n:], scale: c.ScalingFactor, shift: c.ShiftFactor}, nil
}

// Close frees the encoder. Closing nil does nothing.
func (e *Encoder) Close() {
	if e != nil {
		e.session.Close()
	}
}

func load(dir string, build func(Config, *safetensors.Checkpoint, bool) (onnx.Model, error), o ort.Options) (Config, *ort.Session, error) {
	c, err := ReadConfig(dir)
	if err != nil {
		return Config{}, nil, err
	}
	file, err := safetensors.OpenDir(dir, "diffusion_pytorch_model")
	if err != nil {
		return Config{}, nil, err
	}
	model, err := build(c, file, o.Device == ort.WebGPU)
	if err != nil {
		return Config{}, nil, err
	}
	session, err := ort.Open(model, o)
	if err != nil {
		return Config{}, nil, fmt.Errorf("%s: %w", filepath.Base(dir), err)
	}
	return c, session, nil
}

// shaped is a graph's input or output; its shape lacks the batch's leading 1.
type shaped struct {
	name  string
	data  []float32
	shape []int
}

func (s shaped) tensor() (*ort.Tensor, error) {
	shape := []int64{1}
	for _, d := range s.shape {
		shape = append(shape, int64(d))
	}
	t, err := ort.New(s.data, shape...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return t, nil
}

func run(ctx context.Context, session *ort.Session, in, out shaped) error {
	x, err := in.tensor()
	if err != nil {
		return err
	}
	defer x.Close()
	y, err := out.tensor()
	if err != nil {
		return err
	}
	defer y.Close()
	return session.Run(ctx, ort.Values{in.name: x}, ort.Values{out.name: y})
}
