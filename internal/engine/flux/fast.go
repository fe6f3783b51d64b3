package flux

import (
	"context"
	"errors"
	"runtime"
	"slices"

	"golang.org/x/sys/cpu"

	"easel/internal/engine/ort"
	"easel/internal/engine/quant"
	"easel/internal/engine/safetensors"
)

// ErrFast says that a device has no kernels for the fast form.
var ErrFast = errors.New("8-bit products run on the cpu only")

// LoadFast is Load with the blocks' weights rounded to 8 bits, or to 4 where
// memory is short, and their activations as they come. The kinds of layers in
// keep stay as they are: see Sensitive.
func LoadFast(ctx context.Context, dir string, adapted bool, o ort.Options, bits int, cache quant.Cache, keep []string) (*Model, error) {
	if o.Device != "" && o.Device != ort.CPU {
		return nil, ErrFast
	}
	config, file, rounded, err := round(ctx, dir, bits, cache)
	if err != nil {
		return nil, err
	}
	m, err := load(dir, config, file, Form{Adapted: adapted, Rounded: rounded, Levels: levels(), Keep: keep}, o)
	if err == nil {
		m.Rounded = share(file, FastWeights(file, bits), keep)
	}
	return m, err
}

// Round makes the rounded weights of the transformer in folder dir, if the
// cache lacks them, so that LoadFast need not.
func Round(ctx context.Context, dir string, bits int, cache quant.Cache) error {
	_, _, _, err := round(ctx, dir, bits, cache)
	return err
}

func round(ctx context.Context, dir string, bits int, cache quant.Cache) (config Config, file, rounded *safetensors.Checkpoint, err error) {
	if config, file, err = open(dir); err != nil {
		return
	}
	if _, _, err = Build(config, file, Form{}); err != nil {
		return // before weights of the wrong shape are rounded
	}
	rounded, err = quant.Prepare(ctx, file, FastWeights(file, bits), cache)
	return
}

// share is how much of the weights is not of the kinds to keep.
func share(file *safetensors.Checkpoint, weights []quant.Weight, keep []string) float64 {
	var all, rounded float64
	for _, w := range weights {
		t, _ := file.Tensor(w.Name)
		n := float64(t.Shape[0] * t.Shape[1])
		all += n
		if kind, _ := kindOf(w.Name); !slices.Contains(keep, kind) {
			rounded += n
		}
	}
	return rounded / max(all, 1)
}

// levels is how finely activations are rounded. x86 processors without VNNI add
// products of 8 bits in pairs, in 16 bits: 2·127·127 fits there, 2·255·127 does not.
func levels() int {
	if runtime.GOARCH == "amd64" && !cpu.X86.HasAVX512VNNI && !cpu.X86.HasAVXVNNI {
		return 63
	}
	return 127
}
