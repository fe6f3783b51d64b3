package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"easel/internal/engine/sampling"
)

// Benchmark is what Bench measured, a median each.
type Benchmark struct {
	Timings Timings // of whole requests
	Bare    Timings // of the same network runs with nothing around them: Steps, Decode and Total
	// Overhead is the share that the pipeline adds to its networks' own time:
	// of each request to the bare runs beside it, since a machine's speed drifts.
	Overhead float64
}

// Bench times a request for one picture, warm, and in turn with it the bare
// runs of the transformer and the decoder that it takes.
func (e *Engine) Bench(ctx context.Context, r Request, runs int) (Benchmark, error) {
	if runs < 1 {
		return Benchmark{}, fmt.Errorf("%d runs: at least 1 is needed", runs)
	}
	var timings, bare []Timings
	var added []float64
	r.Seeds = r.Seeds[:min(1, len(r.Seeds))]
	if _, err := e.Generate(ctx, r, Quiet{}); err != nil { // warms, and checks the request
		return Benchmark{}, err
	}
	before, err := e.bare(ctx, r)
	if err != nil {
		return Benchmark{}, err
	}
	for range runs {
		result, err := e.Generate(ctx, r, Quiet{})
		if err != nil {
			return Benchmark{}, err
		}
		after, err := e.bare(ctx, r)
		if err != nil {
			return Benchmark{}, err
		}
		t := result.Timings
		timings, bare = append(timings, t), append(bare, after)
		added = append(added, float64(t.Total-t.Load-t.Text)/(float64(before.Total+after.Total)/2)-1)
		before = after
	}
	slices.Sort(added)
	return Benchmark{Timings: middle(timings), Bare: middle(bare), Overhead: added[runs/2]}, nil
}

// middle is the median by total time.
func middle(all []Timings) Timings {
	slices.SortFunc(all, func(a, b Timings) int { return cmp.Compare(a.Total, b.Total) })
	return all[len(all)/2]
}

// bare times the networks' runs alone.
func (e *Engine) bare(ctx context.Context, r Request) (t Timings, err error) {
	if err := e.enter(ctx); err != nil {
		return t, err
	}
	defer e.leave()
	v, err := e.variant(r.Variant)
	if err != nil {
		return t, err
	}
	run := e.newRun(v, r, Quiet{})
	defer run.adapters.close()
	if err := errors.Join(run.adapt(), run.encode(ctx)); err != nil {
		return t, err
	}
	transformer, err := e.transformer(ctx, v, run.form)
	if err != nil {
		return t, err
	}
	c := run.canvas
	pass, err := transformer.NewPass(run.text, c.rows, c.cols, r.Guidance, run.adapters.transformer)
	if err != nil {
		return t, err
	}
	defer pass.Close()
	latents := sampling.NewGenerator(0).Normal(len(pass.Latents))
	copy(pass.Latents, latents)
	began := time.Now()
	for range r.Steps {
		if err := pass.Run(ctx, 0.5); err != nil {
			return t, err
		}
	}
	t.Steps = time.Since(began)
	decoder, err := e.decoder(v)
	if err != nil {
		return t, err
	}
	began = time.Now()
	_, err = decoder.Decode(ctx, latents, 2*c.rows, 2*c.cols)
	t.Decode = time.Since(began)
	t.Total = t.Steps + t.Decode
	return t, err
}
