package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"easel/internal/engine/flux"
	"easel/internal/engine/lora"
	"easel/internal/engine/sampling"
)

// Generate draws the request's pictures one after the other, telling o of each
// step, preview and finished picture. When ctx ends it stops within a step and
// decodes nothing more. Equal requests give equal pictures, and each picture
// equals the one made alone with its seed.
func (e *Engine) Generate(ctx context.Context, r Request, o Observer) (Result, error) {
	began := time.Now()
	v, err := e.variant(r.Variant)
	if err != nil {
		return Result{}, err
	}
	if err := r.check(); err != nil {
		return Result{}, err
	}
	if err := e.enter(ctx); err != nil {
		return Result{}, err
	}
	defer e.leave()
	run := e.newRun(v, r, o)
	err = run.all(ctx)
	run.timings.Total = time.Since(began)
	return Result{Timings: run.timings, Warnings: run.warnings, Adapters: run.reports}, err
}

// check refuses what no model can do. Callers have rules of their own before it.
func (r Request) check() error {
	switch {
	case r.Width < 1 || r.Height < 1 || r.Width > maxSide || r.Height > maxSide:
		return fmt.Errorf("size %d×%d: sides must be between 1 and %d", r.Width, r.Height, maxSide)
	case r.Steps < 1 || r.Steps > maxSteps:
		return fmt.Errorf("steps %d: must be between 1 and %d", r.Steps, maxSteps)
	case len(r.Seeds) == 0:
		return errors.New("seeds: none given, so there is no picture to draw")
	case r.Mask != nil && r.Image == nil:
		return errors.New("mask: needs an image")
	case r.Image != nil && (r.Image.Rect.Dx() != r.Width || r.Image.Rect.Dy() != r.Height):
		return fmt.Errorf("image is %v, the picture %d×%d: they must be equal", r.Image.Rect.Size(), r.Width, r.Height)
	case r.Mask != nil && r.Mask.Rect.Size() != r.Image.Rect.Size():
		return fmt.Errorf("mask is %v, the image %v: they must be equal", r.Mask.Rect.Size(), r.Image.Rect.Size())
	case r.Image != nil && !(r.Strength >= 0 && r.Strength <= 1):
		return fmt.Errorf("strength %v: must be between 0 and 1", r.Strength)
	}
	return nil
}

// Limits that keep every size computed from a request within bounds.
const (
	maxSide  = 8192
	maxSteps = 1000
)

// run is one request on its way through the networks.
type run struct {
	engine   *Engine
	variant  *variant
	request  Request
	observer Observer
	canvas   canvas
	length   int // of the text, in tokens
	form     form

	text     flux.Text
	schedule sampling.Schedule
	first    int // step to begin with
	source   *source
	painter  painter // nil: no previews
	adapters adapters
	timings  Timings
	warnings []string
	reports  []lora.Report
}

func (e *Engine) newRun(v *variant, r Request, o Observer) *run {
	f, warnings := e.form(v, r.Fast)
	return &run{
		engine: e, variant: v, request: r, observer: o,
		canvas: newCanvas(r.Width, r.Height, v.unit()), length: v.textTokens(), form: f, warnings: warnings,
	}
}

// warn notes a warning, once.
func (r *run) warn(format string, args ...any) {
	if w := fmt.Sprintf(format, args...); !slices.Contains(r.warnings, w) {
		r.warnings = append(r.warnings, w)
	}
}

func (r *run) all(ctx context.Context) (err error) {
	if r.schedule, err = r.variant.scheduler.Schedule(r.request.Steps, r.canvas.tokens()); err != nil {
		return err
	}
	defer r.adapters.close()
	if err := r.adapt(); err != nil {
		return err
	}
	if err := r.encode(ctx); err != nil {
		return err
	}
	if r.request.Image != nil {
		if err := r.read(ctx); err != nil {
			return err
		}
	}
	if r.request.Previews { // before the transformer: fitting a map takes the decoder
		if r.painter, err = loaded(r, func(v *variant) (painter, error) { return r.engine.painter(ctx, v) }); err != nil {
			return err
		}
	}
	for k, seed := range r.request.Seeds {
		if err := r.draw(ctx, k, seed); err != nil {
			return err
		}
	}
	return nil
}

// draw makes picture k. It asks for the transformer anew each time: where
// memory is short, decoding the picture before closed it.
func (r *run) draw(ctx context.Context, k int, seed int64) error {
	transformer, err := loaded(r, func(v *variant) (*flux.Model, error) { return r.engine.transformer(ctx, v, r.form) })
	if err != nil {
		return err
	}
	if share := transformer.Rounded; r.request.Fast && r.form.bits > 0 && share < fewRounded {
		r.warn("go_fast rounds %.0f %% of the transformer's weights and is little faster: in the others 8 bits would change the picture", 100*share)
	}
	pass, err := transformer.NewPass(r.text, r.canvas.rows, r.canvas.cols, r.request.Guidance, r.adapters.transformer)
	if err != nil {
		return err
	}
	defer pass.Close()
	start := r.start(seed)
	copy(pass.Latents, start.latents)
	if err := r.denoise(ctx, k, pass, start); err != nil {
		return err
	}
	return r.decode(ctx, k, pass.Latents)
}

// fewRounded is the share of rounded weights below which a caller of the fast
// mode is told that it brings little.
const fewRounded = 0.5

// decode makes picture k of packed latents and hands it over.
func (r *run) decode(ctx context.Context, k int, tokens []float32) error {
	decoder, err := loaded(r, r.engine.decoder)
	if err != nil {
		return err
	}
	c := r.canvas
	stop := clock(&r.timings.Decode)
	latents := flux.Unpack(tokens, r.variant.vae.LatentChannels, c.rows, c.cols)
	planes, err := decoder.Decode(ctx, latents, 2*c.rows, 2*c.cols)
	if err == nil {
		err = finite("VAE decoder", planes)
	}
	if err != nil {
		return err
	}
	img := c.picture(planes)
	stop()
	return r.observer.Picture(k, img)
}

// loaded gets a network and books the time to loading.
func loaded[T any](r *run, get func(*variant) (T, error)) (T, error) {
	defer clock(&r.timings.Load)()
	return get(r.variant)
}

// clock starts timing; what it returns adds the time since to sum.
func clock(sum *time.Duration) func() {
	began := time.Now()
	return func() { *sum += time.Since(began) }
}
