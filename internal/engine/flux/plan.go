package flux

import (
	"strings"

	"easel/internal/engine/quant"
	"easel/internal/engine/safetensors"
)

// FastWeights are the weights that the fast mode rounds, to 8 or 4 bits: the
// blocks' matrices. Their modulations, which one token passes through and all
// depend on, are rounded to 8 bits the more exact way.
func FastWeights(file *safetensors.Checkpoint, bits int) []quant.Weight {
	var weights []quant.Weight
	for _, name := range file.Names() {
		t, _ := file.Tensor(name)
		kind, inside := kindOf(name)
		if !inside || len(t.Shape) != 2 {
			continue
		}
		form := quant.Rows
		switch {
		case strings.Contains(kind, ".norm"):
			form = quant.Blocks8
		case bits == 4:
			form = quant.Blocks4
		}
		if form != quant.Rows && t.Shape[1]%quant.Block != 0 {
			continue
		}
		weights = append(weights, quant.Weight{Name: name, Form: form})
	}
	return weights
}

// kindOf is the name of a block's weight without the block's number, which all
// blocks have alike: "transformer_blocks.ff.net.2" for
// "transformer_blocks.7.ff.net.2.weight".
func kindOf(weight string) (kind string, inside bool) {
	layer, ok := strings.CutSuffix(weight, ".weight")
	before, rest, block := strings.Cut(layer, "transformer_blocks.")
	_, name, numbered := strings.Cut(rest, ".")
	return before + "transformer_blocks." + name, ok && block && numbered
}
