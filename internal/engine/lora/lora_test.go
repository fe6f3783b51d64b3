package lora

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"easel/internal/engine/golden"

	"github.com/google/go-cmp/cmp"
)

// reference is testdata/deltas.json: what diffusers makes of the same files.
type reference struct {
	Sizes  map[string][2]int             `json:"layers"`
	Deltas map[string]map[string]float64 `json:"deltas"`
}

func readReference(t testing.TB) (reference, Layers) {
	t.Helper()
	data, err := os.ReadFile("testdata/deltas.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	layers := Layers{}
	for name, size := range r.Sizes {
		layers[name] = Layer{In: size[0], Out: size[1]}
	}
	return r, layers
}

func styleFile(style string) string {
	return filepath.Join(golden.Testdata, "lora", style+".safetensors")
}

// project is uᵀ·Dᵀ·v as testdata/make.py defines it, through A and B.
func project(d Delta) float64 {
	total := 0.0
	for k := range d.Rank {
		down, up := 0.0, 0.0
		for i := range d.In {
			down += float64(d.A[i*d.Rank+k]) * math.Sin(float64(i+1))
		}
		for o := range d.Out {
			up += float64(d.B[k*d.Out+o]) * math.Cos(float64(o+1))
		}
		total += down * up
	}
	return total
}

func TestEveryStyleAddsWhatDiffusersAdds(t *testing.T) {
	ref, layers := readReference(t)
	for style, want := range ref.Deltas {
		t.Run(style, func(t *testing.T) {
			a, err := Load(styleFile(style), layers)
			if err != nil {
				t.Fatal(err)
			}
			var missing, extra []string
			for name := range want {
				if _, ok := a.Deltas[name]; !ok {
					missing = append(missing, name)
				}
			}
			for name, d := range a.Deltas {
				w, ok := want[name]
				if !ok {
					extra = append(extra, name)
					continue
				}
				// diffusers multiplies in the file's type: bf16 for kohya, f16 for comfy.
				tolerance := map[string]float64{"kohya": 2e-2, "comfy": 2e-3}[style] + 1e-5
				if got := project(d); math.Abs(got-w) > tolerance*(1+math.Abs(w)) {
					t.Errorf("%s: %g, want %g", name, got, w)
				}
			}
			if len(missing)+len(extra) > 0 {
				t.Errorf("missing %v, extra %v", missing, extra)
			}
			if len(a.Report.Unmatched) > 0 || a.Report.Matched != a.Report.Keys || a.Report.Layers != len(want) {
				t.Errorf("report %+v", a.Report)
			}
			if diff := cmp.Diff([]string{"TOK " + style}, a.Report.TriggerWords); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReportCard(t *testing.T) {
	_, layers := readReference(t)
	a, err := Load(styleFile("kohya"), layers)
	if err != nil {
		t.Fatal(err)
	}
	want := Report{
		File: "kohya.safetensors", Format: "kohya", Base: "FLUX.1", Keys: 114, Matched: 114, Layers: 52,
		Blocks: []string{"double 0–1", "single 0–1", "text_encoder"}, MinRank: 2, MaxRank: 4, TriggerWords: []string{"TOK kohya"},
	}
	if diff := cmp.Diff(want, a.Report); diff != "" {
		t.Error(diff)
	}
	for _, s := range []string{"kohya", "114 matched", "2 to 4", "double 0–1", "TOK kohya"} {
		if !strings.Contains(a.Report.String(), s) {
			t.Errorf("the card lacks %q:\n%s", s, a.Report)
		}
	}
	for style, format := range map[string]string{"peft": "diffusers", "peft_alpha": "diffusers", "comfy": "bfl", "bfl": "bfl", "xlabs": "xlabs"} {
		a, err := Load(styleFile(style), layers)
		if err != nil || a.Report.Format != format {
			t.Errorf("%s: format %q, %v", style, a.Report.Format, err)
		}
	}
}

func TestTriggerWordAmongTags(t *testing.T) {
	for frequency, want := range map[string]string{
		`{"1_TOK":{"TOK":1}}`: "TOK",
		`{"10_a":{" TOK ":12,"a cat":3},"5_b":{"TOK":2,"a dog":5}}`: "TOK",
		`{"1_a":{"a cat":3,"a dog":3}}`:                             "",
		`{"1_TOK":{"":4,"TOK":4}}`:                                  "TOK",
		`{"1_a":{}}`:                                                "",
		`{"1_a":[]}`:                                                "",
		``:                                                          "",
	} {
		if got := commonest(frequency); got != want {
			t.Errorf("%s: %q, want %q", frequency, got, want)
		}
	}
}

func TestMergeIsTheWeightedSum(t *testing.T) {
	_, layers := readReference(t)
	one, err := Load(styleFile("bfl"), layers)
	if err != nil {
		t.Fatal(err)
	}
	two, err := Load(styleFile("peft"), layers)
	if err != nil {
		t.Fatal(err)
	}
	merged := Merge([]*Adapter{one, two}, []float64{-0.5, 1.5})
	for name, d := range merged {
		want := 0.0
		if x, ok := one.Deltas[name]; ok {
			want -= 0.5 * project(x)
		}
		if x, ok := two.Deltas[name]; ok {
			want += 1.5 * project(x)
		}
		if got := project(d); math.Abs(got-want) > 1e-4 || len(d.A) != d.In*d.Rank || len(d.B) != d.Rank*d.Out {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
	if len(merged) != 62 {
		t.Errorf("%d layers", len(merged))
	}
	if left := Merge([]*Adapter{one, two}, []float64{0, 0}); len(left) != 0 {
		t.Errorf("at scale 0 %d layers are changed", len(left))
	}
	if len(Component(merged, "text_encoder")) != 12 || len(Component(merged, "transformer")) != 50 {
		t.Error("components")
	}
}

func TestSparseFusedLayerKeepsOnlyItsRanks(t *testing.T) {
	_, layers := readReference(t)
	a, err := Load(styleFile("kohya"), layers)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"to_q", "to_k", "to_v"} {
		if d := a.Deltas["transformer.transformer_blocks.1.attn."+part]; d.Rank != 1 {
			t.Errorf("%s has rank %d, want 1", part, d.Rank)
		}
	}
}

func TestRanges(t *testing.T) {
	for want, in := range map[string][]int{"0–3, 7": {3, 1, 2, 0, 7}, "5": {5, 5}, "0, 2": {2, 0}, "8–12": {12, 11, 10, 9, 8}} {
		if got := ranges(slices.Clone(in)); got != want {
			t.Errorf("%v: %s", in, got)
		}
	}
}

func BenchmarkLoadAndMerge(b *testing.B) {
	_, layers := readReference(b)
	for b.Loop() {
		a, err := Load(styleFile("peft"), layers)
		if err != nil {
			b.Fatal(err)
		}
		Merge([]*Adapter{a, a}, []float64{1, 0.5})
	}
}
