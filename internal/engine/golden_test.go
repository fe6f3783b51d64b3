package engine

import (
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"

	"easel/internal/engine/safetensors"
)

// golden is a pipeline run that diffusers made; see testdata/README.md.
type golden struct {
	Model     string  `json:"model"`
	Kind      string  `json:"kind"`
	Prompt    string  `json:"prompt"`
	Width     int     `json:"width"`
	Height    int     `json:"height"`
	Steps     int     `json:"steps"`
	Guidance  float64 `json:"guidance"`
	Seed      int64   `json:"seed"`
	Length    int     `json:"max_sequence_length"`
	Strength  float64 `json:"strength"`
	FirstStep int     `json:"first_step"`
	LoRA      string  `json:"lora"`
	tensors   *safetensors.Checkpoint
}

func goldens(t *testing.T) map[string]golden {
	t.Helper()
	paths, err := filepath.Glob("testdata/cases/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no goldens in testdata/cases (%v)", err)
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

func (g golden) bytes(t *testing.T, name string) []byte {
	t.Helper()
	x, ok := g.tensors.Tensor(name)
	if !ok {
		t.Fatalf("%s: no %s", g.tensors.Path, name)
	}
	data, err := x.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
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

func (g golden) request(t *testing.T) Request {
	r := Request{
		Variant: g.Model, Prompt: g.Prompt, Width: g.Width, Height: g.Height, Steps: g.Steps,
		Guidance: g.Guidance, Seeds: []int64{g.Seed}, Strength: g.Strength,
	}
	if r.Variant == "wide" {
		r.Variant = Dev
	}
	bounds := image.Rect(0, 0, g.Width, g.Height)
	if g.Kind != "txt2img" {
		r.Image = image.NewNRGBA(bounds)
		for i, pix := 0, g.bytes(t, "image"); i < len(pix)/3; i++ {
			r.Image.SetNRGBA(i%g.Width, i/g.Width, color.NRGBA{pix[3*i], pix[3*i+1], pix[3*i+2], 255})
		}
	}
	if g.Kind == "inpaint" {
		r.Mask = &image.Gray{Pix: g.bytes(t, "mask"), Stride: g.Width, Rect: bounds}
	}
	return r
}

// gallery keeps what a run says.
type gallery struct {
	steps    []Step
	previews []*image.RGBA
	pictures []*image.NRGBA
}

func (g *gallery) Step(s Step)                       { g.steps = append(g.steps, s) }
func (g *gallery) Preview(_, _ int, img *image.RGBA) { g.previews = append(g.previews, img) }
func (g *gallery) Picture(k int, img *image.NRGBA) error {
	if k != len(g.pictures) {
		return errors.New("pictures out of order")
	}
	g.pictures = append(g.pictures, img)
	return nil
}

// TestGoldens holds whole runs to diffusers': noise and schedule exactly,
// pixels within 2 of 255.
func TestGoldens(t *testing.T) {
	engines := map[string]*Engine{
		"dev":     open(t, Options{Dev: "testdata/models/dev"}),
		"wide":    open(t, Options{Dev: "testdata/models/wide"}),
		"schnell": open(t, Options{Schnell: "testdata/models/schnell"}),
	}
	for name, c := range goldens(t) {
		if c.LoRA != "" {
			continue // theirs is TestAdapters
		}
		if _, whole := c.tensors.Tensor("noise"); !whole {
			continue // the adapters' case without one
		}
		t.Run(name, func(t *testing.T) {
			e, request, seen := engines[c.Model], c.request(t), &gallery{}
			v, err := e.variant(request.Variant)
			if err != nil {
				t.Fatal(err)
			}
			r := &run{engine: e, variant: v, request: request, observer: seen, canvas: newCanvas(c.Width, c.Height, v.unit()), length: c.Length}
			if err := r.all(t.Context()); err != nil {
				t.Fatal(err)
			}
			exact(t, "sigmas", r.schedule.Sigmas, c.floats(t, "sigmas"))
			exact(t, "noise", r.start(c.Seed).noise, r.pack(c.floats(t, "noise")))
			near(t, "pooled", r.text.Pooled, c.floats(t, "pooled"), 2e-5)
			near(t, "text", r.text.States, c.floats(t, "text"), 2e-5)
			if r.first != c.FirstStep || len(seen.steps) != c.Steps-c.FirstStep {
				t.Errorf("began at step %d and ran %d, want %d and %d", r.first, len(seen.steps), c.FirstStep, c.Steps-c.FirstStep)
			}
			if c.Kind != "txt2img" {
				near(t, "first latents", r.start(c.Seed).latents, c.floats(t, "latents.0"), 1e-4)
			}
			if c.Kind == "inpaint" {
				exact(t, "mask", r.source.mask, c.floats(t, "mask_latents"))
			}
			pixels(t, seen.pictures[0], c.bytes(t, "pixels"))
		})
	}
}

func open(t testing.TB, o Options) *Engine {
	t.Helper()
	o.Threads, o.Library = 1, os.Getenv("EASEL_ORT_LIB")
	e, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func exact(t *testing.T, what string, got, want []float32) { t.Helper(); near(t, what, got, want, 0) }

func near(t *testing.T, what string, got, want []float32, tolerance float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if d := max(got[i]-want[i], want[i]-got[i]); !(d <= tolerance) {
			t.Errorf("%s: value %d is %g, want %g", what, i, got[i], want[i])
			return
		}
	}
}

// pixels compares a picture with rows of red, green and blue.
func pixels(t *testing.T, img *image.NRGBA, want []byte) {
	t.Helper()
	var got []byte
	for i := 0; i < len(img.Pix); i += 4 {
		got = append(got, img.Pix[i:i+3]...)
	}
	if len(got) != len(want) {
		t.Fatalf("%d bytes of pixels, want %d", len(got), len(want))
	}
	worst := 0
	for i := range got {
		worst = max(worst, int(got[i])-int(want[i]), int(want[i])-int(got[i]))
	}
	if worst > 2 {
		t.Errorf("pixels are off by %d of 255", worst)
	}
}
