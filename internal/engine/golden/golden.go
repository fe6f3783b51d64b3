// Package golden gives tests the runs that diffusers made: see testdata/README.md.
package golden

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"easel/internal/engine/safetensors"
)

// Testdata is the reference data's folder, from wherever a test runs.
var Testdata = func() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "testdata")
}()

// Case is one pipeline run.
type Case struct {
	Model     string  `json:"model"`
	Kind      string  `json:"kind"` // txt2img, img2img, inpaint
	Prompt    string  `json:"prompt"`
	Width     int     `json:"width"`
	Height    int     `json:"height"`
	Steps     int     `json:"steps"`
	Guidance  float64 `json:"guidance"`
	Seed      int64   `json:"seed"`
	Length    int     `json:"max_sequence_length"`
	Strength  float64 `json:"strength"`
	FirstStep int     `json:"first_step"`
	LoRA      string  `json:"lora"` // file below lora/; empty: none
	Scale     float64 `json:"lora_scale"`

	Extra      string  `json:"extra_lora"`
	ExtraScale float64 `json:"extra_lora_scale"`

	tensors *safetensors.Checkpoint
}

// Cases are the runs that hold the named tensor, by name. None at all fails the test.
func Cases(t testing.TB, holding string) map[string]Case {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(Testdata, "cases", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]Case{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var c Case
		if err := json.Unmarshal(data, &c); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		stem := strings.TrimSuffix(path, ".json")
		if c.tensors, err = safetensors.Open(stem + ".safetensors"); err != nil {
			t.Fatal(err)
		}
		if c.Has(holding) {
			cases[filepath.Base(stem)] = c
		}
	}
	if len(cases) == 0 {
		t.Fatalf("no run in %s/cases holds %s", Testdata, holding)
	}
	return cases
}

// Folder is a component's folder in the case's model.
func (c Case) Folder(component string) string {
	return filepath.Join(Testdata, "models", c.Model, component)
}

// Has says whether the case holds a tensor.
func (c Case) Has(name string) bool {
	_, ok := c.tensors.Tensor(name)
	return ok
}

// Tensor returns where a tensor lies.
func (c Case) Tensor(t testing.TB, name string) safetensors.Tensor {
	t.Helper()
	x, ok := c.tensors.Tensor(name)
	if !ok {
		t.Fatalf("%s: no %s", c.tensors.Path, name)
	}
	return x
}

// Floats reads a tensor of real numbers.
func (c Case) Floats(t testing.TB, name string) []float32 {
	t.Helper()
	data, err := c.Tensor(t, name).Float32s()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Bytes reads a tensor's bytes.
func (c Case) Bytes(t testing.TB, name string) []byte {
	t.Helper()
	data, err := c.Tensor(t, name).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Ints reads an I64 tensor.
func (c Case) Ints(t testing.TB, name string) []int64 {
	t.Helper()
	data := c.Bytes(t, name)
	out := make([]int64, len(data)/8)
	for i := range out {
		for j := range 8 {
			out[i] |= int64(data[8*i+j]) << (8 * j)
		}
	}
	return out
}

// Compare fails the test where got is further from want than tolerance anywhere.
func Compare(t testing.TB, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	worst, place := 0.0, 0
	for i := range got {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(d) {
			d = math.Inf(1)
		}
		if d > worst {
			worst, place = d, i
		}
	}
	if worst > tolerance {
		t.Errorf("%s: value %d is %g, want %g; the tolerance is %g", what, place, got[place], want[place], tolerance)
	}
	t.Logf("%s: %.1e off at most", what, worst)
}
