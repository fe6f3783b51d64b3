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

// form is how a variant's two large networks are held in memory.
type form struct {
	bits int  // of the transformer's weights: 8 or 4; 0: float32
	t5   bool // the T5 encoder's weights are in 8 bits
}

// form is what a request gets, and what of that it did not ask for. Networks
// that do not fit the memory as float32 are rounded where the device can. T5 is
// rounded for no other reason: it runs once a request and shapes all of the picture.
func (e *Engine) form(v *variant, fast bool) (f form, warnings []string) {
	if !e.HasFast() {
		if fast {
			warnings = append(warnings, fmt.Sprintf("go_fast ignored: %v, and this engine computes on %s", flux.ErrFast, e.sessions.Device))
		}
		return form{}, warnings
	}
	large := func(bytes int64) bool { return e.shelf.limit > 0 && bytes > e.shelf.limit }
	if large(v.bytes[partT5]) {
		f.t5 = true
		warnings = append(warnings, fmt.Sprintf("the text encoder runs in 8 bits: its %.1f GiB of float32 weights do not fit the memory of %.1f GiB", gib(v.bytes[partT5]), gib(e.shelf.limit)))
	}
	if !fast && !large(v.bytes[partTransformer]) {
		return f, warnings
	}
	if f.bits = e.bits; f.bits == 0 {
		f.bits = 8
		if large(v.rounded[8]) {
			f.bits = 4
		}
	}
	if !fast {
		warnings = append(warnings, fmt.Sprintf("the transformer runs in %d bits: its %.1f GiB of float32 weights do not fit the memory of %.1f GiB", f.bits, gib(v.bytes[partTransformer]), gib(e.shelf.limit)))
	} else if f.bits == 4 && e.bits == 0 {
		warnings = append(warnings, fmt.Sprintf("go_fast runs in 4 bits: %.1f GiB of 8-bit weights do not fit the memory of %.1f GiB", gib(v.rounded[8]), gib(e.shelf.limit)))
	}
	return f, warnings
}

// HasFast says whether the engine's device can do what Request.Fast asks.
func (e *Engine) HasFast() bool { return e.sessions.Device == ort.CPU }

func gib(bytes int64) float64 { return float64(bytes) / (1 << 30) }

// round prepares the weights that the form takes rounded, where an earlier call
// has not: minutes for a full-size model.
func (e *Engine) round(ctx context.Context, v *variant, f form) error {
	if f == (form{}) {
		return nil
	}
	cache, err := e.roundedWeights(v)
	if err != nil {
		return err
	}
	if f.t5 {
		if err := t5.Round(ctx, v.parts[partT5], cache); err != nil {
			return err
		}
	}
	if f.bits > 0 {
		return flux.Round(ctx, v.parts[partTransformer], f.bits, cache)
	}
	return nil
}

// roundedWeights is where rounded weights are kept.
func (e *Engine) roundedWeights(v *variant) (quant.Cache, error) {
	folder, err := e.cacheFolder()
	return quant.Cache{Folder: folder, Progress: func(done, total int64) {
		if e.rounding != nil {
			e.rounding(v.name, done, total)
		}
	}}, err
}

// cacheFolder is where what was computed from a model's weights is kept.
func (e *Engine) cacheFolder() (string, error) {
	if e.cache != "" {
		return e.cache, nil
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("a cache folder must be given: %w", err)
	}
	return filepath.Join(user, "easel"), nil
}
