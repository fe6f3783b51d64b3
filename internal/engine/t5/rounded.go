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
	config, file, rounded, err := round(ctx, dir, cache)
	if err != nil {
		return nil, err
	}
	return load(dir, config, file, Form{Adapted: adapted, Rounded: rounded}, o)
}

// Round makes the rounded weights of the encoder in folder dir, if the cache
// lacks them, so that LoadRounded need not.
func Round(ctx context.Context, dir string, cache quant.Cache) error {
	_, _, _, err := round(ctx, dir, cache)
	return err
}

func round(ctx context.Context, dir string, cache quant.Cache) (config Config, file, rounded *safetensors.Checkpoint, err error) {
	if config, file, err = open(dir); err != nil {
		return
	}
	if _, _, err = Build(config, file, Form{}); err != nil {
		return // before weights of the wrong shape are rounded
	}
	rounded, err = quant.Prepare(ctx, file, RoundedWeights(file), cache)
	return
}

// RoundedWeights are all the blocks' matrices, rounded the more exact way: T5's
// activations have a few channels far beyond the others.
func RoundedWeights(file *safetensors.Checkpoint) []quant.Weight {
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
