package flux

import (
	"context"
	"errors"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"

	"easel/internal/engine/ort"
	"easel/internal/engine/quant"
	"easel/internal/engine/safetensors"
)

// ErrFast says that a device has no kernels for the fast form.
var ErrFast = errors.New("8-bit products run on the cpu only")

// LoadFast is Load with the blocks' large weights rounded to 8 bits and their
// activations rounded as they come. The rounded weights are kept in folder
// cache, and made there the first time.
func LoadFast(ctx context.Context, dir, cache string, adapted bool, o ort.Options, progress quant.Progress) (*Model, error) {
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
	rounded, err := quant.Prepare(ctx, file, FastWeights(file), cache, progress)
	if err != nil {
		return nil, err
	}
	return load(dir, config, file, Form{Adapted: adapted, Rounded: rounded, Levels: levels()}, o)
}

// FastWeights names the weights that the fast mode rounds: the blocks' matrices
// but for their modulations, which one token passes through and all depend on.
func FastWeights(file *safetensors.Checkpoint) []string {
	var names []string
	for _, name := range file.Names() {
		t, _ := file.Tensor(name)
		_, inside, ok := strings.Cut(name, "transformer_blocks.")
		if ok && len(t.Shape) == 2 && strings.HasSuffix(inside, ".weight") && !strings.Contains(inside, ".norm") {
			names = append(names, name)
		}
	}
	return names
}

// FastSaves is how many bytes of memory the fast mode saves.
func FastSaves(file *safetensors.Checkpoint) (n int64) {
	for _, name := range FastWeights(file) {
		t, _ := file.Tensor(name)
		n += 3 * t.Shape[0] * t.Shape[1] // 1 byte for each float32
	}
	return n
}

// levels is how finely activations are rounded. x86 processors without VNNI add
// products of 8 bits in pairs, in 16 bits: 2·127·127 fits there, 2·255·127 does not.
func levels() int {
	if runtime.GOARCH == "amd64" && !cpu.X86.HasAVX512VNNI && !cpu.X86.HasAVXVNNI {
		return 63
	}
	return 127
}
