// Package quant rounds the large weights of a checkpoint to 8 or 4 bits, once,
// into a safetensors file in a cache folder.
package quant

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"easel/internal/engine/safetensors"
)

// Cache is where rounded weights are kept.
type Cache struct {
	Folder   string
	Progress func(done, total int64) // told, in bytes, while weights are rounded the first time; nil: nobody is
}

// Prepare returns weights of a checkpoint, rounded: from a file in the cache that
// an earlier call wrote for the same weights, or else from one that it writes. The file appears whole or not at all, and a weight is held in memory
// only while it is rounded. Several processes may share the folder.
func Prepare(ctx context.Context, checkpoint *safetensors.Checkpoint, wanted []Weight, cache Cache) (*safetensors.Checkpoint, error) {
	weights, err := find(checkpoint, wanted)
	if err != nil {
		return nil, err
	}
	sum, err := fingerprint(weights)
	if err != nil {
		return nil, fmt.Errorf("fingerprint %s: %w", checkpoint.Path, err)
	}
	path := filepath.Join(cache.Folder, "rounded-"+sum+".safetensors")
	if had, err := safetensors.Open(path); err == nil && holds(had, weights) {
		return had, nil
	}
	if err := os.MkdirAll(cache.Folder, 0o755); err != nil {
		return nil, fmt.Errorf("round weights of %s: %w", checkpoint.Path, err)
	}
	if err := write(ctx, path, weights, cache.Progress); err != nil {
		return nil, fmt.Errorf("round weights of %s: %w", checkpoint.Path, err)
	}
	return safetensors.Open(path)
}

// find looks the weights up and checks that they can be rounded as wanted.
func find(checkpoint *safetensors.Checkpoint, wanted []Weight) ([]source, error) {
	weights := make([]source, len(wanted))
	var errs []error
	for i, w := range wanted {
		t, ok := checkpoint.Tensor(w.Name)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("%s: tensor %q is missing", checkpoint.Path, w.Name))
		case len(t.Shape) != 2 || t.Length == 0:
			errs = append(errs, fmt.Errorf("%s: tensor %q is %v; only matrices are rounded", checkpoint.Path, w.Name, t.Shape))
		case w.Form != Rows && t.Shape[1]%Block != 0:
			errs = append(errs, fmt.Errorf("%s: tensor %q is %v; its inputs are no multiple of %d", checkpoint.Path, w.Name, t.Shape, Block))
		}
		weights[i] = source{t, w.Form}
	}
	return weights, errors.Join(errs...)
}

// holds says whether a cache file is what write makes of the weights.
func holds(file *safetensors.Checkpoint, weights []source) bool {
	for _, w := range weights {
		dtype, shape, scales := w.rounded()
		t, _ := file.Tensor(w.Name)
		s, _ := file.Tensor(ScaleOf(w.Name))
		if t.DType != dtype || s.DType != safetensors.F32 || !slices.Equal(t.Shape, shape) || !slices.Equal(s.Shape, scales) {
			return false
		}
	}
	return file.Len() == 2*len(weights)
}

// workers bounds how many weights are in memory at a time: the largest of
// FLUX.1-dev takes 330 MB on its way.
const workers = 2

// write rounds the weights into a file that appears at path when it is whole.
func write(ctx context.Context, path string, weights []source, progress func(done, total int64)) (err error) {
	file, err := create(path, weights)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			file.abandon()
		}
	}()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	var mu sync.Mutex // over progress
	done, total := int64(0), int64(0)
	for _, w := range weights {
		total += w.Length
	}
	next := make(chan source)
	for range workers {
		group.Go(func() {
			for w := range next {
				if err := file.put(w); err != nil {
					stop(err)
					return
				}
				mu.Lock()
				done += w.Length
				if progress != nil {
					progress(done, total)
				}
				mu.Unlock()
			}
		})
	}
	for _, w := range weights {
		select {
		case next <- w:
		case <-ctx.Done():
		}
	}
	close(next)
	group.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return file.finish(path)
}
