// Package quant rounds the large weights of a checkpoint to 8 bits, once, into
// a safetensors file in a cache folder.
//
// A weight W [out in] becomes Name, int8 [in out] (as integer products want it),
// and ScaleOf(Name), float32 [out], with W[o i] ≈ q[i o]·scale[o]. Rounding is
// symmetric over each output's own range, to −127…127.
package quant

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"easel/internal/engine/safetensors"
)

// ScaleOf names the scales of a rounded weight.
func ScaleOf(weight string) string { return weight + ".scale" }

// Progress is told how many bytes of the weights have been rounded.
type Progress func(done, total int64)

// Prepare returns the named weights of source, rounded: from a file in folder
// that an earlier call wrote for the same weights, or else from one that it
// writes. The file appears whole or not at all, and a weight is held in memory
// only while it is rounded. Several processes may share the folder.
func Prepare(ctx context.Context, source *safetensors.Checkpoint, names []string, folder string, progress Progress) (*safetensors.Checkpoint, error) {
	weights, err := find(source, names)
	if err != nil {
		return nil, err
	}
	sum, err := fingerprint(weights)
	if err != nil {
		return nil, fmt.Errorf("fingerprint %s: %w", source.Path, err)
	}
	path := filepath.Join(folder, "int8-"+sum+".safetensors")
	if had, err := safetensors.Open(path); err == nil && holds(had, weights) {
		return had, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("round weights of %s: %w", source.Path, err)
	}
	if err := write(ctx, path, weights, progress); err != nil {
		return nil, fmt.Errorf("round weights of %s: %w", source.Path, err)
	}
	return safetensors.Open(path)
}

// find looks the weights up and checks that they are matrices of real numbers.
func find(source *safetensors.Checkpoint, names []string) ([]safetensors.Tensor, error) {
	weights := make([]safetensors.Tensor, len(names))
	var errs []error
	for i, name := range names {
		t, ok := source.Tensor(name)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("%s: tensor %q is missing", source.Path, name))
		case len(t.Shape) != 2 || t.Length == 0:
			errs = append(errs, fmt.Errorf("%s: tensor %q is %v; only matrices are rounded", source.Path, name, t.Shape))
		}
		weights[i] = t
	}
	return weights, errors.Join(errs...)
}

// holds says whether a cache file is what write makes of the weights.
func holds(file *safetensors.Checkpoint, weights []safetensors.Tensor) bool {
	for _, w := range weights {
		t, ok := file.Tensor(w.Name)
		s, too := file.Tensor(ScaleOf(w.Name))
		if !ok || !too || t.DType != safetensors.I8 || s.DType != safetensors.F32 || t.Length != w.Shape[0]*w.Shape[1] || s.Length != 4*w.Shape[0] {
			return false
		}
	}
	return file.Len() == 2*len(weights)
}

// workers bounds how many weights are in memory at a time: the largest of
// FLUX.1-dev takes 330 MB on its way.
const workers = 2

// write rounds the weights into a file that appears at path when it is whole.
func write(ctx context.Context, path string, weights []safetensors.Tensor, progress Progress) (err error) {
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
	next := make(chan safetensors.Tensor)
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
