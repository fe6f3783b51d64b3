package engine

import (
	"context"
	"time"

	"easel/internal/engine/flux"
	"easel/internal/engine/sampling"
)

// denoise runs the steps of picture k over the pass's latents.
func (r *run) denoise(ctx context.Context, k int, pass *flux.Pass, from start) error {
	sigmas, times := r.schedule.Sigmas, r.schedule.Timesteps
	steps := r.request.Steps - r.first
	watch := watch{run: r, picture: k}
	for i := r.first; i < r.request.Steps; i++ {
		began := time.Now()
		if err := pass.Run(ctx, times[i]/1000); err != nil {
			return err
		}
		if err := finite("transformer", pass.Velocity); err != nil {
			return err
		}
		n := i - r.first + 1
		r.timings.Steps += time.Since(began)
		if err := watch.look(ctx, n, pass, sigmas[i]); err != nil {
			return err
		}
		sampling.Euler(pass.Latents, pass.Velocity, sigmas[i], sigmas[i+1])
		if r.source != nil && r.source.mask != nil {
			keep := sampling.AddNoise(from.image, from.noise, sigmas[i+1])
			sampling.Blend(pass.Latents, keep, r.source.mask)
		}
		r.observer.Step(Step{Picture: k, N: n, Of: steps, Took: time.Since(began)})
	}
	return ctx.Err()
}

// Previews come at most ten times a second, and take at most a 120th of the
// time, whatever a preview of this model and its observer costs.
const (
	previewEvery = 100 * time.Millisecond
	previewShare = 120
)

// watch shows previews of one picture, not too often.
type watch struct {
	run     *run
	picture int
	next    time.Time // not before this
}

// look shows what the run expects to end with: the latents less the noise that
// the velocity says is left in them.
func (w *watch) look(ctx context.Context, step int, pass *flux.Pass, sigma float32) error {
	r := w.run
	began := time.Now()
	if r.painter == nil || began.Before(w.next) {
		return nil
	}
	defer clock(&r.timings.Preview)()
	defer func() { w.next = began.Add(max(previewEvery, previewShare*time.Since(began))) }()
	expected := make([]float32, len(pass.Latents))
	for i, x := range pass.Latents {
		expected[i] = x - float32(sigma*pass.Velocity[i])
	}
	img, err := r.painter.Paint(ctx, expected, r.canvas.rows, r.canvas.cols)
	if err != nil {
		return err
	}
	r.observer.Preview(w.picture, step, img)
	return nil
}
