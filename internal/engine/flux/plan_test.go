package flux

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/quant"
	"easel/internal/engine/safetensors"
)

func TestPlan(t *testing.T) {
	dir := filepath.Join(golden.Testdata, "models", "dev", "transformer")
	file, err := safetensors.OpenDir(dir, "diffusion_pytorch_model")
	if err != nil {
		t.Fatal(err)
	}
	const up, out, q, mod = "transformer_blocks.0.ff.net.0.proj.weight", "single_transformer_blocks.1.proj_out.weight", "transformer_blocks.1.attn.to_q.weight", "transformer_blocks.0.norm1.linear.weight"
	for name, c := range map[string]struct {
		plan string
		bits int
		want map[string]quant.Form
	}{
		"no file":     {"", 8, map[string]quant.Form{up: quant.Rows, out: quant.Rows, q: quant.Rows, mod: quant.Blocks8}},
		"four bits":   {"", 4, map[string]quant.Form{up: quant.Blocks4, out: quant.Blocks4, q: quant.Blocks4, mod: quant.Blocks8}},
		"keep":        {`{"keep": ["*.proj_out", "*.norm*.linear"]}`, 8, map[string]quant.Form{up: quant.Rows, out: "", q: quant.Rows, mod: ""}},
		"blocks":      {`{"blocks": ["*.ff.*"]}`, 8, map[string]quant.Form{up: quant.Blocks8, out: quant.Rows, q: quant.Rows, mod: quant.Blocks8}},
		"nothing":     {`{"keep": ["*"]}`, 8, map[string]quant.Form{up: "", out: "", q: "", mod: ""}},
		"not json":    {`{"keep": "*"`, 8, nil},
		"no patterns": {`{"keep": ["[a"]}`, 8, nil},
	} {
		at := t.TempDir()
		if c.plan != "" {
			if err := os.WriteFile(filepath.Join(at, planFile), []byte(c.plan), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		weights, err := FastWeights(at, file, c.bits)
		if c.want == nil {
			if err == nil || !strings.Contains(err.Error(), planFile) {
				t.Errorf("%s: got %v, want an error that names %s", name, err, planFile)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := map[string]quant.Form{}
		for _, w := range weights {
			got[w.Name] = w.Form
		}
		for weight, want := range c.want {
			if got[weight] != want {
				t.Errorf("%s: %s is rounded %q, want %q", name, weight, got[weight], want)
			}
		}
		for weight := range got {
			if !strings.Contains(weight, "transformer_blocks.") {
				t.Errorf("%s: %s is outside the blocks", name, weight)
			}
		}
	}
}
