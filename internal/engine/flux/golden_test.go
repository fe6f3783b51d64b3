package flux

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"easel/internal/engine/ort"
	"easel/internal/engine/safetensors"
)

const testdata = "../testdata"

// tolerance is for velocities of about 3: float32 rounding, and torch's float32 exp,
// whose last bit shows in the embedding of large guidance values.
const tolerance = 2e-4

// golden is a pipeline run that diffusers made; see testdata/README.md.
type golden struct {
	Model     string  `json:"model"`
	Width     int     `json:"width"`
	Height    int     `json:"height"`
	Guidance  float64 `json:"guidance"`
	FirstStep int     `json:"first_step"`
	tensors   *safetensors.Checkpoint
}

func goldens(t *testing.T) map[string]golden {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testdata, "cases", "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no goldens in %s/cases (%v)", testdata, err)
	}
	all := map[string]golden{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var g golden
		if err := json.Unmarshal(data, &g); err != nil {
			t.Fatal(err)
		}
		if g.tensors, err = safetensors.Open(path[:len(path)-len("json")] + "safetensors"); err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path[:len(path)-len(".json")])] = g
	}
	return all
}

func (g golden) floats(t *testing.T, name string) []float32 {
	t.Helper()
	x, ok := g.tensors.Tensor(name)
	if !ok {
		t.Fatalf("%s: no %s", g.tensors.Path, name)
	}
	data, err := x.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestVelocity compares each step's pass with diffusers'.
func TestVelocity(t *testing.T) {
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		t.Fatal(err)
	}
	for name, c := range goldens(t) {
		if _, whole := c.tensors.Tensor("text"); !whole {
			continue // LoRA cases are the pipeline's
		}
		t.Run(name, func(t *testing.T) {
			for _, adapted := range []bool{false, true} {
				m, err := Load(filepath.Join(testdata, "models", c.Model, "transformer"), adapted, ort.Options{Threads: 1})
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close()
				rows, cols := grid(t, c)
				states := c.floats(t, "text")
				text := Text{States: states, Pooled: c.floats(t, "pooled"), Tokens: len(states) / m.Config.TextWidth}
				p, err := m.NewPass(text, rows, cols, c.Guidance, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				times := c.floats(t, "timesteps")
				for k := 0; ; k++ {
					if _, ok := c.tensors.Tensor(fmt.Sprintf("velocity.%d", k)); !ok {
						break
					}
					copy(p.Latents, c.floats(t, fmt.Sprintf("latents.%d", k)))
					if err := p.Run(t.Context(), times[c.FirstStep+k]/1000); err != nil {
						t.Fatal(err)
					}
					if d := distance(p.Velocity, c.floats(t, fmt.Sprintf("velocity.%d", k))); d > tolerance {
						t.Errorf("step %d (adapted %v): off by %g", k, adapted, d)
					}
				}
			}
		})
	}
}

// grid is the golden's size in tokens, which its packed positions tell.
func grid(t *testing.T, c golden) (rows, cols int) {
	ids := c.floats(t, "img_ids")
	last := ids[len(ids)-3:]
	return int(last[1]) + 1, int(last[2]) + 1
}

func distance(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	worst := 0.0
	for i := range got {
		if d := math.Abs(float64(got[i] - want[i])); d > worst || math.IsNaN(d) {
			worst = d
		}
	}
	return worst
}
