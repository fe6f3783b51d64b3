package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Benchmark is what Bench measured, a median each.
type Benchmark struct {
	Timings Timings       // of whole requests
	Bare    time.Duration // of the same network runs with nothing around them
	// Overhead is the share that the pipeline adds to its networks' own time:
	// of each request to the bare runs right after it, since a machine's speed drifts.
	Overhead float64
}

// Bench times a request for one picture, warm, and in turn with it the bare
// runs of the transformer and the decoder that it takes.
func (e *Engine) Bench(ctx context.Context, r Request, runs int) (Benchmark, error) {
	if runs < 1 {
		return Benchmark{}, fmt.Errorf("%d runs: at least 1 is needed", runs)
	}
	var timings []Timings
	var bare []time.Duration
	var added []float64
	r.Seeds = r.Seeds[:min(1, len(r.Seeds))]
	if _, err := e.Generate(ctx, r, Quiet{}); err != nil { // warms, and checks the request
		return Benchmark{}, err
	}
	for range runs {
		result, err := e.Generate(ctx, r, Quiet{})
		if err != nil {
			return Benchmark{}, err
		}
		alone, err := e.bare(ctx, r)
		if err != nil {
			return Benchmark{}, err
		}
		t := result.Timings
		timings, bare = append(timings, t), append(bare, alone)
		added = append(added, float64(t.Total-t.Load-t.Text)/float64(alone)-1)
	}
	slices.SortFunc(timings, func(a, b Timings) int { return cmp.Compare(a.Total, b.Total) })
	slices.Sort(bare)
	slices.Sort(added)
	return Benchmark{Timings: timings[runs/2], Bare: bare[runs/2], Overhead: added[runs/2]}, nil
}

// bare times the networks' runs alone.
func (e *Engine) bare(ctx context.Context, r Request) (time.Duration, error) {
	if err := e.enter(ctx); err != nil {
		return 0, err
	}
	defer e.leave()
	v, err := e.variant(r.Variant)
	if err != nil {
		return 0, err
	}
	run := e.newRun(v, r, Quiet{})
	defer run.adapters.close()
	if err := errors.Join(run.adapt(), run.encode(ctx)); err != nil {
		return 0, err
	}
	transformer, err := run.transformer(ctx)
	if err != nil {
		return 0, err
	}
	c := run.canvas
	pass, err := transformer.NewPass(run.text, c.rows, c.cols, r.Guidance, run.adapters.transformer)
	if err != nil {
		return 0, err
	}
	defer pass.Close()
	latents := make([]float32, len(pass.Latents))
	began := time.Now()
	for range r.Steps {
		if err := pass.Run(ctx, 0.5); err != nil {
			return 0, err
		}
	}
	steps := time.Since(began)
	decoder, err := e.decoder(v)
	if err != nil {
		return 0, err
	}
	began = time.Now()
	_, err = decoder.Decode(ctx, latents, 2*c.rows, 2*c.cols)
	return steps + time.Since(began), err
}
