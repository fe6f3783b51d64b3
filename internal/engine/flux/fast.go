package flux

import (
	"context"
	"errors"
	"runtime"

	"golang.org/x/sys/cpu"

	"easel/internal/engine/ort"
	"easel/internal/engine/quant"
)

// ErrFast says that a device has no kernels for the fast form.
var ErrFast = errors.New("8-bit products run on the cpu only")

// LoadFast is Load with the blocks' weights rounded to 8 bits, or to 4 where
// memory is short, and their activations as they come.
func LoadFast(ctx context.Context, dir string, adapted bool, o ort.Options, bits int, cache quant.Cache) (*Model, error) {
	if o.Device != "" && o.Device != ort.CPU {
		return nil, ErrFast
	}
	config, file, err := open(dir)
	if err != nil {
		return nil, err
	}
	if _, _, err := Build(config, file, Form{Adapted: adapted}); err != nil {
		return nil, err // before weights of the wrong shape are rounded
	}
	weights, err := FastWeights(dir, file, bits)
	if err != nil {
		return nil, err
	}
	rounded, err := quant.Prepare(ctx, file, weights, cache)
	if err != nil {
		return nil, err
	}
	return load(dir, config, file, Form{Adapted: adapted, Rounded: rounded, Levels: levels()}, o)
}

// levels is how finely activations are rounded. x86 processors without VNNI add
// products of 8 bits in pairs, in 16 bits: 2·127·127 fits there, 2·255·127 does not.
func levels() int {
	if runtime.GOARCH == "amd64" && !cpu.X86.HasAVX512VNNI && !cpu.X86.HasAVXVNNI {
		return 63
	}
	return 127
}
