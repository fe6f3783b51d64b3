package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"easel/internal/engine/flux"
	"easel/internal/engine/ort"
	"easel/internal/engine/quant"
	"easel/internal/engine/t5"
)

// transformer is the one that the request asks for: rounded for the fast mode,
// where the device can.
func (r *run) transformer(ctx context.Context) (*flux.Model, error) {
	e := r.engine
	if !r.request.Fast {
		return loaded(r, e.transformer)
	}
	if !e.HasFast() {
		r.warn("go_fast ignored: %v, and this engine computes on %s", flux.ErrFast, e.sessions.Device)
		return loaded(r, e.transformer)
	}
	return loaded(r, func(v *variant) (*flux.Model, error) { return e.fastTransformer(ctx, v) })
}

// HasFast says whether the engine's device can do what Request.Fast asks.
func (e *Engine) HasFast() bool { return e.sessions.Device == ort.CPU }

func (e *Engine) fastTransformer(ctx context.Context, v *variant) (*flux.Model, error) {
	dir := v.parts[partTransformer]
	return fetch(&e.shelf, dir+"#fast", v.fastBytes, func() (*flux.Model, error) {
		cache, err := e.roundedWeights(v)
		if err != nil {
			return nil, err
		}
		return flux.LoadFast(ctx, dir, true, e.sessions, e.bits, cache)
	})
}

// roundsT5 says whether the fast mode rounds the T5 encoder too: only where it
// does not fit otherwise, for it runs once a request and shapes all of the picture.
func (r *run) roundsT5() bool {
	e := r.engine
	return r.request.Fast && e.HasFast() && e.shelf.limit > 0 && r.variant.bytes[partT5] > e.shelf.limit
}

func (e *Engine) roundedT5(ctx context.Context, v *variant) (*t5.Model, error) {
	dir := v.parts[partT5]
	return fetch(&e.shelf, dir+"#fast", v.roundedT5, func() (*t5.Model, error) {
		cache, err := e.roundedWeights(v)
		if err != nil {
			return nil, err
		}
		return t5.LoadRounded(ctx, dir, true, e.sessions, cache)
	})
}

// roundedWeights is where rounded weights are kept.
func (e *Engine) roundedWeights(v *variant) (quant.Cache, error) {
	cache := quant.Cache{Folder: e.cache, Progress: func(done, total int64) {
		if e.rounding != nil {
			e.rounding(v.name, done, total)
		}
	}}
	if cache.Folder == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return cache, fmt.Errorf("a cache folder must be given for the fast mode: %w", err)
		}
		cache.Folder = filepath.Join(user, "easel")
	}
	return cache, nil
}
