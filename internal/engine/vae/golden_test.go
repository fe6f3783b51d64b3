package vae

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"easel/internal/engine/ort"
	"easel/internal/engine/safetensors"
)

const testdata = "../testdata"

// golden is a pipeline run that diffusers made; see testdata/README.md.
type golden struct {
	Model   string `json:"model"`
	Kind    string `json:"kind"`
	Width   int    `json:"width"`
	Height  int    `json:"height"`
	tensors *safetensors.Checkpoint
}

// goldens are the cases that hold the whole run, by name.
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
		stem := path[:len(path)-len(".json")]
		if g.tensors, err = safetensors.Open(stem + ".safetensors"); err != nil {
			t.Fatal(err)
		}
		if _, whole := g.tensors.Tensor("decoded"); whole {
			all[filepath.Base(stem)] = g
		}
	}
	return all
}

func (g golden) floats(t *testing.T, name string) ([]float32, []int64) {
	t.Helper()
	x, ok := g.tensors.Tensor(name)
	if !ok {
		t.Fatalf("%s: no %s", g.tensors.Path, name)
	}
	data, err := x.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	return data, x.Shape
}

func (g golden) folder() string { return filepath.Join(testdata, "models", g.Model, "vae") }

func start(t testing.TB) {
	t.Helper()
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		t.Fatal(err)
	}
}

// tolerance is of float32 sums in another order; a pixel's step is 2/255.
const tolerance = 2e-5

func compare(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	worst := 0.0
	for i := range got {
		worst = max(worst, math.Abs(float64(got[i]-want[i])))
		if math.IsNaN(float64(got[i])) {
			t.Fatalf("%s: value %d is NaN", what, i)
		}
	}
	t.Logf("%s: off by %.2g at most", what, worst)
	if worst > tolerance {
		t.Errorf("%s: off by %g", what, worst)
	}
}

// last returns the finished latents of a case, unpacked: [c h w].
func (g golden) last(t *testing.T, factor int) (latents []float32, h, w int) {
	t.Helper()
	step := 0
	for ; ; step++ {
		if _, ok := g.tensors.Tensor(name(step + 1)); !ok {
			break
		}
	}
	tokens, shape := g.floats(t, name(step))
	h, w = g.Height/factor, g.Width/factor
	channels := int(shape[2]) / 4
	latents = make([]float32, len(tokens))
	for i, x := range tokens { // token (row, col) holds c, then the 2×2 square
		token, rest := i/(4*channels), i%(4*channels)
		row, col, c, dy, dx := token/(w/2), token%(w/2), rest/4, rest%4/2, rest%2
		latents[(c*h+2*row+dy)*w+2*col+dx] = x
	}
	return latents, h, w
}

func name(step int) string {
	return "latents." + string(rune('0'+step))
}

func TestDecode(t *testing.T) {
	start(t)
	for name, g := range goldens(t) {
		t.Run(name, func(t *testing.T) {
			d, err := LoadDecoder(g.folder(), ort.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			latents, h, w := g.last(t, d.Config.Factor())
			got, err := d.Decode(t.Context(), latents, h, w)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := g.floats(t, "decoded")
			compare(t, "decoded", got, want)
		})
	}
}

func TestEncode(t *testing.T) {
	start(t)
	images := 0
	for name, g := range goldens(t) {
		if g.Kind == "txt2img" {
			continue
		}
		images++
		t.Run(name, func(t *testing.T) {
			e, err := LoadEncoder(g.folder(), ort.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			image, ok := g.tensors.Tensor("image")
			if !ok {
				t.Fatal("no image")
			}
			pixels, err := image.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			area := g.Width * g.Height
			picture := make([]float32, 3*area)
			for i, v := range pixels {
				picture[i%3*area+i/3] = float32(v)/255*2 - 1
			}
			p, err := e.Encode(t.Context(), picture, g.Height, g.Width)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := g.floats(t, "moments")
			compare(t, "moments", append(p.Mean, p.LogVar...), want)
			noise, _ := g.floats(t, "posterior_noise")
			want, _ = g.floats(t, "image_latents")
			compare(t, "image_latents", p.Sample(noise), want)
		})
	}
	if images == 0 {
		t.Error("no golden with an image")
	}
}
