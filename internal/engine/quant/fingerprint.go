package quant

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"

	"easel/internal/engine/safetensors"
)

// version is part of every fingerprint: another way of rounding needs another.
const version = 1

// Of a weight of up to whole bytes all is read, of a larger one that many
// samples, evenly spread.
const (
	whole   = 1 << 20
	samples = 256
	sample  = 256
)

// Fingerprint tells checkpoints apart by their weights, wherever they lie.
func Fingerprint(checkpoint *safetensors.Checkpoint) (string, error) {
	var weights []source
	for _, name := range checkpoint.Names() {
		t, _ := checkpoint.Tensor(name)
		weights = append(weights, source{t, ""})
	}
	return fingerprint(weights)
}

// fingerprint tells weights apart by their names, shapes and content, wherever
// they lie. Every weight is sampled, so that one changed layer shows.
func fingerprint(weights []source) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, "easel rounded", version)
	files := map[string]*os.File{}
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	buffer := make([]byte, whole)
	for _, w := range weights {
		fmt.Fprintln(h, w.Name, w.form, w.DType, w.Shape)
		f := files[w.File]
		if f == nil {
			var err error
			if f, err = os.Open(w.File); err != nil {
				return "", err
			}
			files[w.File] = f
		}
		parts, size := int64(1), w.Length
		if size > whole {
			parts, size = samples, sample
		}
		for i := range parts {
			at := w.Offset
			if parts > 1 {
				at += (w.Length - size) / (parts - 1) * i
			}
			if _, err := f.ReadAt(buffer[:size], at); err != nil {
				return "", fmt.Errorf("tensor %q: %w", w.Name, err)
			}
			h.Write(buffer[:size])
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}
