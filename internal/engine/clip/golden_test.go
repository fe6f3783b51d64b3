package clip

import (
	"os"
	"path/filepath"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/ort"
	"easel/internal/engine/safetensors"
)

// tolerance is of float32 sums in another order.
const tolerance = 1e-5

func start(t testing.TB) {
	t.Helper()
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		t.Fatal(err)
	}
}

func TestEncode(t *testing.T) {
	start(t)
	for name, g := range golden.Cases(t, "clip_ids") {
		t.Run(name, func(t *testing.T) {
			for _, adapted := range []bool{false, true} {
				m, err := Load(g.Folder("text_encoder"), adapted, ort.Options{Threads: 1})
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close()
				got, err := m.Encode(t.Context(), g.Ints(t, "clip_ids"), nil)
				if err != nil {
					t.Fatal(err)
				}
				golden.Compare(t, "pooled", got, g.Floats(t, "pooled"), tolerance)
			}
		})
	}
}

// TestLoRA adapts the model as diffusers did for the runs with a LoRA.
func TestLoRA(t *testing.T) {
	start(t)
	ids := golden.Cases(t, "clip_ids")["dev-square"].Ints(t, "clip_ids") // the same prompt
	m, err := Load(folder, true, ort.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, name := range []string{"lora-none", "lora-peft-100", "lora-peft-50", "lora-peft-minus50"} {
		g := golden.Cases(t, "pooled")[name]
		adapters := map[string][2]*ort.Tensor{}
		if g.LoRA != "" {
			adapters = peft(t, g, m)
		}
		got, err := m.Encode(t.Context(), ids, adapters)
		if err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, name, got, g.Floats(t, "pooled"), tolerance)
	}
}

// peft reads the case's adapter, whose text encoder's keys are
// text_encoder.MODULE.lora_A.weight [rank in] and lora_B.weight [out rank].
func peft(t *testing.T, g golden.Case, m *Model) map[string][2]*ort.Tensor {
	t.Helper()
	file, err := safetensors.Open(filepath.Join(golden.Testdata, "lora", g.LoRA))
	if err != nil {
		t.Fatal(err)
	}
	matrix := func(name string, scale float64) *ort.Tensor {
		x, ok := file.Tensor(name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		data, err := x.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		rows, columns := int(x.Shape[0]), int(x.Shape[1])
		turned := make([]float32, len(data))
		for i, v := range data {
			turned[i%columns*rows+i/columns] = v * float32(scale)
		}
		tensor, err := ort.New(turned, int64(columns), int64(rows))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tensor.Close)
		return tensor
	}
	adapters := map[string][2]*ort.Tensor{}
	for _, module := range m.Modules {
		key := "text_encoder." + module.Name
		adapters[module.Name] = [2]*ort.Tensor{matrix(key+".lora_A.weight", 1), matrix(key+".lora_B.weight", g.Scale)}
	}
	return adapters
}

func TestPool(t *testing.T) {
	for _, tt := range []struct {
		desc string
		eos  int64
		ids  []int64
		want int
	}{
		{"first end token, also used as padding", 9, []int64{8, 3, 9, 9, 9}, 2},
		{"legacy: first of the highest", 2, []int64{8, 3, 9, 9, 0}, 2},
		{"legacy: an added token is higher", 2, []int64{8, 12, 9, 9, 9}, 1},
		{"no end token", 9, []int64{8, 3, 4}, 0},
	} {
		if got := (Config{EOS: tt.eos}).Pool(tt.ids); got != tt.want {
			t.Errorf("%s: Pool(%v) = %d, want %d", tt.desc, tt.ids, got, tt.want)
		}
	}
}

// TestWebGPU: more tokens than the fused attention's tile, where it is wrong.
func TestWebGPU(t *testing.T) {
	golden.SoftwareGPU(t)
	start(t)
	g := golden.Cases(t, "clip_ids")["dev-long"]
	m, err := Load(g.Folder("text_encoder"), true, ort.Options{Device: ort.WebGPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	got, err := m.Encode(t.Context(), g.Ints(t, "clip_ids"), nil)
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "pooled", got, g.Floats(t, "pooled"), 1e-4)
}
