package engine

import (
	"bytes"
	"context"
	"errors"
	"image"
	"path/filepath"
	"testing"
	"time"

	"easel/internal/engine/golden"
	"easel/internal/engine/ort"
)

// TestEveryKindIsDrawnAgain draws three pictures of each kind of request at
// once, then each alone after another request: they must be the same.
func TestEveryKindIsDrawnAgain(t *testing.T) {
	e := open(t, Options{Dev: tiny, Cache: t.TempDir()})
	for _, fast := range []bool{false, true} {
		everyKind(t, e, fast)
	}
}

func everyKind(t *testing.T, e *Engine, fast bool) {
	other := rocket()
	other.Prompt, other.Width, other.Seeds = "a cat", 80, []int64{99}
	for name, change := range map[string]func(*Request){
		"text to image": func(*Request) {},
		"image to image": func(r *Request) {
			r.Image, r.Strength = chequer(r.Width, r.Height), 0.7
		},
		"inpainting": func(r *Request) {
			r.Image, r.Strength, r.Mask = chequer(r.Width, r.Height), 1, image.NewGray(image.Rect(0, 0, r.Width, r.Height))
			for i := range r.Mask.Pix[:1500] {
				r.Mask.Pix[i] = 255
			}
		},
		"with a LoRA": func(r *Request) {
			r.Adapters = []Adapter{{Path: filepath.Join(golden.Testdata, "lora/peft.safetensors"), Scale: 1}}
		},
	} {
		r := rocket()
		r.Width, r.Height = 57, 43
		r.Fast = fast
		change(&r)
		r.Seeds = []int64{7, 8, 9}
		together := draw(t, e, r).pictures
		for k := range r.Seeds {
			draw(t, e, other)
			one := r
			one.Seeds = r.Seeds[k : k+1]
			if alone := draw(t, e, one).pictures[0]; !bytes.Equal(alone.Pix, together[k].Pix) {
				t.Errorf("%s, fast %v: picture %d differs from the one made alone", name, fast, k)
			}
		}
	}
}

// TestNothingIsLeft counts what ONNX Runtime holds for the engine.
func TestNothingIsLeft(t *testing.T) {
	before := ort.Live()
	e := open(t, Options{Dev: tiny, Memory: 1})
	r := rocket()
	r.Previews, r.Seeds = true, []int64{1, 2}
	r.Image, r.Strength = chequer(r.Width, r.Height), 0.5
	r.Adapters = []Adapter{{Path: filepath.Join(golden.Testdata, "lora/peft.safetensors"), Scale: 1}}
	draw(t, e, r)
	r.Adapters = append(r.Adapters, Adapter{Path: "nowhere.safetensors", Scale: 1})
	if _, err := e.Generate(t.Context(), r, Quiet{}); err == nil {
		t.Error("a LoRA that is not there was applied")
	}
	r.Adapters = r.Adapters[:1]
	ctx, stop := context.WithCancel(t.Context())
	if _, err := e.Generate(ctx, r, &stopper{stop: stop}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	e.Close()
	if left := ort.Live() - before; left != 0 {
		t.Errorf("%d sessions and tensors were not closed", left)
	}
}

// latecomer ends its run a moment after a step, in the middle of the next.
type latecomer struct {
	gallery
	stop context.CancelFunc
	at   time.Time
}

func (l *latecomer) Step(s Step) {
	l.gallery.Step(s)
	time.AfterFunc(s.Took/4, func() { l.at = time.Now(); l.stop() })
}

func TestCancelInTheMiddleOfAStep(t *testing.T) {
	e, r := open(t, Options{Dev: tiny}), rocket()
	r.Width, r.Height = 1024, 1024 // steps long enough to be caught in
	ctx, stop := context.WithCancel(t.Context())
	l := &latecomer{stop: stop}
	_, err := e.Generate(ctx, r, l)
	took := time.Since(l.at)
	if !errors.Is(err, context.Canceled) || len(l.steps) != 1 || len(l.pictures) != 0 {
		t.Fatalf("got %v after %d steps and %d pictures", err, len(l.steps), len(l.pictures))
	}
	t.Logf("a step takes %v; the run ended %v after it was cancelled", l.steps[0].Took, took)
	draw(t, e, rocket()) // the engine still works
}
