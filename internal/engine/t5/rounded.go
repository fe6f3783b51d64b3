package t5

import (
	"context"
	"strings"

	"easel/internal/engine/ort"
	"easel/internal/engine/quant"
	"easel/internal/engine/safetensors"
)

// LoadRounded is Load with the blocks' weights rounded to 8 bits, a fourth of
// the memory: T5-XXL's take 19 GB as float32. It is for the CPU.
func LoadRounded(ctx context.Context, dir string, adapted bool, o ort.Options, cache quant.Cache) (*Model, error) {
	config, file, err := open(dir)
	if err != nil {
		return nil, err
	}
	if _, _, err := Build(config, file, adapted); err != nil {
		return nil, err // before weights of the wrong shape are rounded
	}
	rounded, err := quant.Prepare(ctx, file, roundedWeights(file), cache)
	if err != nil {
		return nil, err
	}
	return load(dir, config, file, rounded, adapted, o)
}

// roundedWeights are all the blocks' matrices, rounded the more exact way: T5's
// activations have a few channels far beyond the others.
func roundedWeights(file *safetensors.Checkpoint) []quant.Weight {
	var weights []quant.Weight
	for _, name := range file.Names() {
		t, _ := file.Tensor(name)
		if strings.HasPrefix(name, "encoder.block.") && strings.HasSuffix(name, ".weight") && !strings.Contains(name, "relative_attention_bias") &&
			len(t.Shape) == 2 && t.Shape[1]%quant.Block == 0 {
			weights = append(weights, quant.Weight{Name: name, Form: quant.Blocks8})
		}
	}
	return weights
}

// Rounded is how many bytes of memory the rounded encoder of a checkpoint saves.
func Rounded(file *safetensors.Checkpoint) (saved int64) {
	for _, w := range roundedWeights(file) {
		t, _ := file.Tensor(w.Name)
		saved += t.Shape[0] * t.Shape[1] * 23 / 8 // 1⅛ bytes for each float32
	}
	return saved
}
