package flux

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"easel/internal/engine/quant"
	"easel/internal/engine/safetensors"
)

// planFile, in a transformer's folder, is what its maker knows of rounding it.
// A model needs none unless some of its layers work with numbers that 8 bits
// are too coarse for.
const planFile = "fast.json"

// plan names layers of the blocks by patterns in which * stands for anything,
// as in "*.proj_out".
type plan struct {
	Keep   []string `json:"keep"`   // not rounded
	Blocks []string `json:"blocks"` // rounded more exactly, and slower
}

func readPlan(dir string) (plan, error) {
	file := filepath.Join(dir, planFile)
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return plan{}, nil
	}
	if err != nil {
		return plan{}, err
	}
	var p plan
	if err := json.Unmarshal(data, &p); err != nil {
		return plan{}, fmt.Errorf("%s: %w", file, err)
	}
	for _, pattern := range append(p.Keep, p.Blocks...) {
		if _, err := path.Match(pattern, ""); err != nil {
			return plan{}, fmt.Errorf("%s: pattern %q: %w", file, pattern, err)
		}
	}
	return p, nil
}

// FastWeights are the weights that the fast mode rounds, to 8 or 4 bits: the
// blocks' matrices. Their modulations, which one token passes through and all
// depend on, are rounded to 8 bits the more exact way.
func FastWeights(dir string, file *safetensors.Checkpoint, bits int) ([]quant.Weight, error) {
	p, err := readPlan(dir)
	if err != nil {
		return nil, err
	}
	var weights []quant.Weight
	for _, name := range file.Names() {
		t, _ := file.Tensor(name)
		layer, ok := strings.CutSuffix(name, ".weight")
		_, inside, block := strings.Cut(layer, "transformer_blocks.")
		if !ok || !block || len(t.Shape) != 2 || matches(p.Keep, layer) {
			continue
		}
		form := quant.Rows
		switch modulation := strings.Contains(inside, ".norm"); {
		case modulation || bits == 8 && matches(p.Blocks, layer):
			form = quant.Blocks8
		case bits == 4:
			form = quant.Blocks4
		}
		if form != quant.Rows && t.Shape[1]%quant.Block != 0 {
			continue
		}
		weights = append(weights, quant.Weight{Name: name, Form: form})
	}
	return weights, nil
}

func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(p, name); ok {
			return true
		}
	}
	return false
}

// FastSaves is about how many bytes of memory that saves.
func FastSaves(weights []quant.Weight, file *safetensors.Checkpoint) (n int64) {
	for _, w := range weights {
		t, _ := file.Tensor(w.Name)
		n += 3 * t.Shape[0] * t.Shape[1] // 1 byte or less for each float32
	}
	return n
}
