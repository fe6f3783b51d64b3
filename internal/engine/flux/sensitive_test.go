package flux

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/quant"
	"easel/internal/engine/safetensors"
)

func TestFastWeights(t *testing.T) {
	file, err := safetensors.OpenDir(filepath.Join(golden.Testdata, "models", "dev", "transformer"), "diffusion_pytorch_model")
	if err != nil {
		t.Fatal(err)
	}
	for bits, large := range map[int]quant.Form{8: quant.Rows, 4: quant.Blocks4} {
		got := map[string]quant.Form{}
		for _, w := range FastWeights(file, bits) {
			if got[w.Name] = w.Form; !strings.Contains(w.Name, "transformer_blocks.") {
				t.Errorf("%s is outside the blocks", w.Name)
			}
		}
		for weight, want := range map[string]quant.Form{
			"transformer_blocks.0.ff.net.0.proj.weight":      large,
			"single_transformer_blocks.1.proj_out.weight":    large,
			"transformer_blocks.1.attn.to_q.weight":          large,
			"transformer_blocks.0.norm1.linear.weight":       quant.Blocks8,
			"single_transformer_blocks.0.attn.norm_q.weight": "",
			"proj_out.weight": "",
		} {
			if got[weight] != want {
				t.Errorf("%d bits: %s is rounded %q, want %q", bits, weight, got[weight], want)
			}
		}
	}
}

func TestLeastKept(t *testing.T) {
	kinds := []string{"a", "b", "c", "d"}
	for name, tt := range map[string]struct {
		alone map[string]float64 // what rounding a kind adds
		want  []string
		calls int
	}{
		"all fine":          {map[string]float64{"a": 0.01, "b": 0.01}, nil, 1},
		"one bad":           {map[string]float64{"a": 0.01, "c": 0.5}, []string{"c"}, 6},
		"too much together": {map[string]float64{"a": 0.025, "b": 0.02, "c": 0.015, "d": 0.001}, []string{"a"}, 7},
		"bad and too much":  {map[string]float64{"a": 0.025, "b": 0.02, "c": 0.9, "d": 0.001}, []string{"a", "c"}, 7},
		"all bad":           {map[string]float64{"a": 1, "b": 2, "c": 3, "d": math.Inf(1)}, kinds, 5},
	} {
		calls := 0
		got, err := leastKept(kinds, func(keep []string) (float64, error) {
			calls++
			sum := 0.0
			for _, k := range kinds {
				if !slices.Contains(keep, k) {
					sum += tt.alone[k] * tt.alone[k]
				}
			}
			return math.Sqrt(sum), nil
		})
		if err != nil || !slices.Equal(got, tt.want) || calls != tt.calls {
			t.Errorf("%s: got %v, %v after %d measurements, want %v after %d", name, got, err, calls, tt.want, tt.calls)
		}
	}
	broken := errors.New("broken")
	if _, err := leastKept(kinds, func([]string) (float64, error) { return 0, broken }); err != broken {
		t.Errorf("got %v", err)
	}
}
