package engine

import (
	"bytes"
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const tiny = "testdata/models/dev"

func rocket() Request {
	return Request{Variant: Dev, Prompt: "a 3d emoji of a rocket", Width: 64, Height: 48, Steps: 3, Guidance: 3.5, Seeds: []int64{7}}
}

func draw(t *testing.T, e *Engine, r Request) *gallery {
	t.Helper()
	seen := &gallery{}
	if _, err := e.Generate(t.Context(), r, seen); err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestPicturesEqualThoseMadeAlone(t *testing.T) {
	e, r := open(t, Options{Dev: tiny}), rocket()
	r.Seeds = []int64{7, 8, 9}
	together := draw(t, e, r)
	for k, seed := range []int64{7, 8, 9} {
		r.Seeds = []int64{seed}
		alone := draw(t, open(t, Options{Dev: tiny}), r)
		if !bytes.Equal(alone.pictures[0].Pix, together.pictures[k].Pix) {
			t.Errorf("picture %d differs from the one made alone", k)
		}
	}
	if bytes.Equal(together.pictures[0].Pix, together.pictures[1].Pix) {
		t.Error("two seeds gave the same picture")
	}
}

func TestSizesBetweenTheModelsMultiplesAreCut(t *testing.T) {
	e, r := open(t, Options{Dev: tiny}), rocket()
	r.Width, r.Height = 50, 31
	img := draw(t, e, r).pictures[0]
	if got := img.Rect.Size(); got != image.Pt(50, 31) {
		t.Fatalf("size %v", got)
	}
	r.Width, r.Height = 64, 32
	whole := draw(t, e, r).pictures[0]
	if got, want := img.NRGBAAt(0, 0), whole.NRGBAAt(7, 0); got != want {
		t.Errorf("corner is %v, want %v: the excess is cut from both sides alike", got, want)
	}
}

// TestThinStrokesRepaint masks with strokes that miss every latent's first pixel.
func TestThinStrokesRepaint(t *testing.T) {
	c := newCanvas(50, 31, 16) // cells of 8 on a canvas of 64×32, of which 7 columns come before the picture
	mask := image.NewGray(image.Rect(0, 0, 50, 31))
	for x := 2; x < 20; x++ {
		mask.Pix[13*50+x] = 128
	}
	var got []int
	for i, v := range c.mask(mask) {
		if v == 1 {
			got = append(got, i)
		}
	}
	if diff := cmp.Diff([]int{9, 10, 11}, got); diff != "" {
		t.Errorf("latents of row 1, 8 a row: %s", diff)
	}
}

// TestSchnellTakesFromDev opens a schnell that holds only its transformer and scheduler.
func TestSchnellTakesFromDev(t *testing.T) {
	dir := t.TempDir()
	for _, part := range []string{partTransformer, partScheduler} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(tiny, part))); err != nil {
			t.Fatal(err)
		}
	}
	e, r := open(t, Options{Dev: tiny, Schnell: dir}), rocket()
	want := draw(t, e, r).pictures[0]
	r.Variant = Schnell
	if got := draw(t, e, r).pictures[0]; !bytes.Equal(got.Pix, want.Pix) {
		t.Error("the same weights gave another picture")
	}
	if n := len(e.shelf.books); n != 5 { // two transformers; CLIP, T5 and decoder are shared
		t.Errorf("%d networks are loaded, want 5", n)
	}
}

func TestMemoryLimit(t *testing.T) {
	want := draw(t, open(t, Options{Dev: tiny}), rocket()).pictures[0]
	whole := open(t, Options{Dev: tiny})
	v := whole.variants[Dev]
	largest := max(v.bytes[partTransformer], v.bytes[partT5], v.bytes[partCLIP], v.bytes[partVAE])
	e, r := open(t, Options{Dev: tiny, Memory: largest}), rocket()
	r.Seeds, r.Previews = []int64{7, 7}, true // the preview's map is fitted, which takes the decoder
	for k, got := range draw(t, e, r).pictures {
		if !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("another picture %d under a memory limit", k)
		}
	}
	if n := len(e.shelf.books); n != 2 {
		t.Errorf("%d networks are loaded, want the previews' and the last one only", n)
	}
}

func TestNotInstalled(t *testing.T) {
	e, r := open(t, Options{Dev: tiny}), rocket()
	r.Variant = Schnell
	if _, err := e.Generate(t.Context(), r, Quiet{}); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("got %v", err)
	}
}

func TestClosed(t *testing.T) {
	e := open(t, Options{Dev: tiny})
	e.Close()
	if _, err := e.Generate(t.Context(), rocket(), Quiet{}); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestRefusals(t *testing.T) {
	e := open(t, Options{Dev: tiny})
	for want, change := range map[string]func(*Request){
		"size 0×48":     func(r *Request) { r.Width = 0 },
		"steps 0":       func(r *Request) { r.Steps = 0 },
		"seeds":         func(r *Request) { r.Seeds = nil },
		"mask":          func(r *Request) { r.Mask = image.NewGray(image.Rect(0, 0, 64, 48)) },
		"image is":      func(r *Request) { r.Image = image.NewNRGBA(image.Rect(0, 0, 64, 64)) },
		"strength":      func(r *Request) { r.Image, r.Strength = image.NewNRGBA(image.Rect(0, 0, 64, 48)), 1.5 },
		"size 64×99999": func(r *Request) { r.Height = 99999 },
	} {
		r := rocket()
		change(&r)
		if _, err := e.Generate(t.Context(), r, Quiet{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

// stopper ends its run at a step.
type stopper struct {
	gallery
	stop context.CancelFunc
}

func (s *stopper) Step(step Step) { s.gallery.Step(step); s.stop() }

func TestCancelStopsWithinAStep(t *testing.T) {
	e, r := open(t, Options{Dev: tiny}), rocket()
	ctx, stop := context.WithCancel(t.Context())
	s := &stopper{stop: stop}
	_, err := e.Generate(ctx, r, s)
	if !errors.Is(err, context.Canceled) || len(s.steps) != 1 || len(s.pictures) != 0 {
		t.Errorf("got %v after %d steps and %d pictures", err, len(s.steps), len(s.pictures))
	}
	draw(t, e, r) // the engine still works
}

func TestPreviews(t *testing.T) {
	e, r := open(t, Options{Dev: tiny}), rocket()
	plain := draw(t, e, r)
	r.Previews = true
	seen := draw(t, e, r)
	if len(seen.previews) == 0 {
		t.Fatal("no preview")
	}
	// 64×48 pixels of a factor of 8, fitted with patches of 2.
	if got := seen.previews[0].Rect.Size(); got != image.Pt(16, 12) {
		t.Errorf("preview of %v", got)
	}
	if !bytes.Equal(plain.pictures[0].Pix, seen.pictures[0].Pix) {
		t.Error("previews changed the picture")
	}
}

func TestLongPromptIsCutWithAWarning(t *testing.T) {
	e, r := open(t, Options{Dev: tiny}), rocket()
	r.Prompt = strings.Repeat("rocket over the sea, ", 30)
	result, err := e.Generate(t.Context(), r, Quiet{})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Warnings) != 1 || !strings.HasPrefix(result.Warnings[0], "prompt cut at 48 tokens") {
		t.Errorf("warnings: %q", result.Warnings)
	}
}
