package engine

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"

	"easel/internal/engine/golden"
)

// request is what the golden case g asks for.
func request(t *testing.T, g golden.Case) Request {
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
		for i, pix := 0, g.Bytes(t, "image"); i < len(pix)/3; i++ {
			r.Image.SetNRGBA(i%g.Width, i/g.Width, color.NRGBA{pix[3*i], pix[3*i+1], pix[3*i+2], 255})
		}
	}
	for _, l := range []Adapter{{Path: g.LoRA, Scale: g.Scale}, {Path: g.Extra, Scale: g.ExtraScale}} {
		if l.Path != "" {
			l.Path = filepath.Join(golden.Testdata, "lora", l.Path)
			r.Adapters = append(r.Adapters, l)
		}
	}
	if g.Kind == "inpaint" {
		r.Mask = &image.Gray{Pix: g.Bytes(t, "mask"), Stride: g.Width, Rect: bounds}
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
	for name, c := range golden.Cases(t, "noise") {
		t.Run(name, func(t *testing.T) {
			r, steps := goldenRun(t, engines[c.Model], c, 2)
			golden.Compare(t, "sigmas", r.schedule.Sigmas, c.Floats(t, "sigmas"), 0)
			golden.Compare(t, "noise", r.start(c.Seed).noise, r.pack(c.Floats(t, "noise")), 0)
			golden.Compare(t, "pooled", r.text.Pooled, c.Floats(t, "pooled"), 2e-5)
			golden.Compare(t, "text", r.text.States, c.Floats(t, "text"), 2e-5)
			if r.first != c.FirstStep || steps != c.Steps-c.FirstStep {
				t.Errorf("began at step %d and ran %d, want %d and %d", r.first, steps, c.FirstStep, c.Steps-c.FirstStep)
			}
			if c.Kind != "txt2img" {
				golden.Compare(t, "first latents", r.start(c.Seed).latents, c.Floats(t, "latents.0"), 1e-4)
			}
			if c.Kind == "inpaint" {
				golden.Compare(t, "mask", r.source.mask, c.Floats(t, "mask_latents"), 0)
			}
		})
	}
}

// goldenRun draws the case, whose pixels may be off by most of 255, and says
// how many steps it took.
func goldenRun(t *testing.T, e *Engine, c golden.Case, most int) (r *run, steps int) {
	t.Helper()
	request, seen := request(t, c), &gallery{}
	v, err := e.variant(request.Variant)
	if err != nil {
		t.Fatal(err)
	}
	r = e.newRun(v, request, seen)
	r.length = c.Length
	if err := r.all(t.Context()); err != nil {
		t.Fatal(err)
	}
	pixels(t, seen.pictures[0], c.Bytes(t, "pixels"), most)
	return r, len(seen.steps)
}

func open(t testing.TB, o Options) *Engine {
	t.Helper()
	o.Threads, o.Library = 1, os.Getenv("EASEL_ORT_LIB")
	if o.Cache == "" {
		o.Cache = t.TempDir()
	}
	e, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// pixels compares a picture with rows of red, green and blue, to most of 255.
func pixels(t *testing.T, img *image.NRGBA, want []byte, most int) {
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
	if worst > most {
		t.Errorf("pixels are off by %d of 255", worst)
	}
}

// TestAdapters holds runs with LoRA files in each key style to diffusers'.
func TestAdapters(t *testing.T) {
	e := open(t, Options{Dev: filepath.Join(golden.Testdata, "models/dev")})
	for name, c := range golden.Cases(t, "velocity.0") {
		if c.Has("noise") {
			continue // TestGoldens
		}
		t.Run(name, func(t *testing.T) {
			run, _ := goldenRun(t, e, c, 2)
			golden.Compare(t, "pooled", run.text.Pooled, c.Floats(t, "pooled"), 2e-5)
		})
	}
}

// TestAdaptersLeaveNothingBehind draws without, with and again without an adapter.
func TestAdaptersLeaveNothingBehind(t *testing.T) {
	e, r := open(t, Options{Dev: filepath.Join(golden.Testdata, "models/dev")}), rocket()
	before := draw(t, e, r).pictures[0]
	r.Adapters = []Adapter{{Path: filepath.Join(golden.Testdata, "lora/peft.safetensors"), Scale: 1}}
	with := draw(t, e, r).pictures[0]
	r.Adapters = nil
	after := draw(t, e, r).pictures[0]
	if bytes.Equal(before.Pix, with.Pix) {
		t.Error("the adapter changed nothing")
	}
	if !bytes.Equal(before.Pix, after.Pix) {
		t.Error("the adapter left something behind")
	}
}
