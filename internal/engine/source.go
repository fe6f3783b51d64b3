package engine

import (
	"context"

	"easel/internal/engine/flux"
	"easel/internal/engine/sampling"
	"easel/internal/engine/vae"
)

// source is the picture that a run starts from.
type source struct {
	posterior vae.Posterior
	mask      []float32 // packed like the latents, 1 where repainted; nil: everywhere
}

// read encodes the request's picture and finds the step its strength starts at.
func (r *run) read(ctx context.Context) error {
	r.first = sampling.FirstStep(r.request.Steps, r.request.Strength)
	if r.first == r.request.Steps {
		r.warn("strength %v of %d steps runs none: the picture is only encoded and decoded again", r.request.Strength, r.request.Steps)
	}
	encoder, err := loaded(r, r.engine.encoder)
	if err != nil {
		return err
	}
	defer clock(&r.timings.Encode)()
	c := r.canvas
	full := c.full()
	posterior, err := encoder.Encode(ctx, c.planes(r.request.Image), full.Y, full.X)
	if err != nil {
		return err
	}
	if err := finite("VAE encoder", posterior.Mean); err != nil {
		return err
	}
	r.source = &source{posterior: posterior}
	if r.request.Mask != nil {
		r.source.mask = r.pack(repeat(c.mask(r.request.Mask), r.variant.vae.LatentChannels))
	}
	return nil
}

// start is what one picture begins with, all packed.
type start struct {
	latents []float32 // the first step's input
	noise   []float32
	image   []float32 // the source's latents; nil without one
}

// start draws a picture's randomness in diffusers' order: the source's
// posterior sample before the noise.
func (r *run) start(seed int64) start {
	c, generator := r.canvas, sampling.NewGenerator(seed)
	n := r.variant.flux.InChannels * c.tokens()
	if r.source == nil {
		noise := r.pack(generator.Normal(n))
		return start{latents: noise, noise: noise}
	}
	image := r.pack(r.source.posterior.Sample(generator.Normal(n)))
	noise := r.pack(generator.Normal(n))
	return start{sampling.AddNoise(image, noise, r.schedule.Sigmas[r.first]), noise, image}
}

func (r *run) pack(latents []float32) []float32 {
	return flux.Pack(latents, r.variant.vae.LatentChannels, r.canvas.rows, r.canvas.cols)
}

// repeat lays n copies of a plane one after the other.
func repeat(plane []float32, n int) []float32 {
	out := make([]float32, 0, n*len(plane))
	for range n {
		out = append(out, plane...)
	}
	return out
}
