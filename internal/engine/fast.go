package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"easel/internal/engine/flux"
	"easel/internal/engine/ort"
)

// transformer is the one that the request asks for: in 8 bits for the fast
// mode, where the device can.
func (r *run) transformer(ctx context.Context) (*flux.Model, error) {
	e := r.engine
	if !r.request.Fast {
		return loaded(r, e.transformer)
	}
	if d := e.sessions.Device; d != ort.CPU {
		r.warn("go_fast ignored: %v, and this engine computes on %s", flux.ErrFast, d)
		return loaded(r, e.transformer)
	}
	return loaded(r, func(v *variant) (*flux.Model, error) { return e.fastTransformer(ctx, v) })
}

func (e *Engine) fastTransformer(ctx context.Context, v *variant) (*flux.Model, error) {
	dir := v.parts[partTransformer]
	return fetch(&e.shelf, dir+"#fast", v.fastBytes, func() (*flux.Model, error) {
		cache, err := e.cacheFolder()
		if err != nil {
			return nil, err
		}
		return flux.LoadFast(ctx, dir, true, e.sessions, flux.Rounding{Bits: e.bits, Cache: cache, Progress: func(done, total int64) {
			if e.rounding != nil {
				e.rounding(v.name, done, total)
			}
		}})
	})
}

// cacheFolder is where rounded weights are kept.
func (e *Engine) cacheFolder() (string, error) {
	if e.cache != "" {
		return e.cache, nil
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("a cache folder must be given for the fast mode: %w", err)
	}
	return filepath.Join(user, "easel"), nil
}
