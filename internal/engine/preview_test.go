package engine

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"easel/internal/engine/preview"
)

// emoji is the embedded model.
const emoji = "../../models/emoji/dev"

// patient gives each step the time after which the next preview is shown.
type patient struct{ gallery }

func (p *patient) Step(s Step) { p.gallery.Step(s); time.Sleep(max(previewEvery, previewShare*s.Took)) }

// TestLastPreviewIsLikeThePicture uses the embedded model: random weights have
// no picture that a linear map could foresee.
func TestLastPreviewIsLikeThePicture(t *testing.T) {
	if _, err := os.Stat(filepath.Join(emoji, partTransformer, imageStem+".safetensors")); err != nil {
		t.Skip("the embedded model has no weights yet")
	}
	e := open(t, Options{Dev: emoji})
	r := Request{Variant: Dev, Prompt: "a 3d emoji of a rocket", Width: 256, Height: 256, Steps: 4, Guidance: 3, Seeds: []int64{7}, Previews: true}
	seen := &patient{}
	if _, err := e.Generate(t.Context(), r, seen); err != nil {
		t.Fatal(err)
	}
	if len(seen.previews) != r.Steps {
		t.Fatalf("%d previews of %d steps", len(seen.previews), r.Steps)
	}
	first := alike(seen.pictures[0], seen.previews[0])
	last := alike(seen.pictures[0], seen.previews[r.Steps-1])
	if last < 0.9 {
		t.Errorf("the last preview correlates %.3f with the picture scaled down, must be 0.9", last)
	}
	t.Logf("correlation: first preview %.3f, last %.3f", first, last)
}

// alike is the correlation of a preview with the picture scaled down to it, over all channels.
func alike(img *image.NRGBA, preview *image.RGBA) float64 {
	w, h := preview.Rect.Dx(), preview.Rect.Dy()
	box := img.Rect.Dx() / w
	var n, sx, sy, sxx, syy, sxy float64
	for y := range h {
		for x := range w {
			for ch := range 3 {
				sum := 0.0
				for d := range box * box {
					sum += float64(img.Pix[img.PixOffset(x*box+d%box, y*box+d/box)+ch])
				}
				a, b := sum/float64(box*box), float64(preview.Pix[preview.PixOffset(x, y)+ch])
				n, sx, sy, sxx, syy, sxy = n+1, sx+a, sy+b, sxx+a*a, syy+b*b, sxy+a*b
			}
		}
	}
	return (n*sxy - sx*sy) / math.Sqrt((n*sxx-sx*sx)*(n*syy-sy*sy))
}

// TestPreviewsByTAEF1 draws them with the AutoencoderTiny in the model's folder.
func TestPreviewsByTAEF1(t *testing.T) {
	dir := t.TempDir()
	taef1 := filepath.Join(dir, partTiny)
	if err := errors.Join(os.CopyFS(dir, os.DirFS(tiny)), os.CopyFS(taef1, os.DirFS("testdata/taef1"))); err != nil {
		t.Fatal(err)
	}
	r := rocket()
	r.Previews = true
	seen := draw(t, open(t, Options{Dev: dir}), r)
	if len(seen.previews) == 0 || seen.previews[0].Rect.Size() != image.Pt(64, 48) {
		t.Errorf("%d previews", len(seen.previews))
	}
	r.Width, r.Height, r.Steps = 1100, 64, 1
	if got := draw(t, open(t, Options{Dev: dir}), r).previews[0].Rect.Size(); got != image.Pt(1104/3, 64/3) {
		t.Errorf("a large preview is %v", got)
	}
	if err := os.WriteFile(filepath.Join(taef1, "config.json"), []byte(`{"_class_name": "AutoencoderTiny", "latent_channels": 4}`), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Options{Dev: dir, Library: os.Getenv("EASEL_ORT_LIB")})
	if err == nil || !strings.Contains(err.Error(), "taef1/diffusion_pytorch_model.safetensors: tensor") {
		t.Errorf("a taef1 of other shapes: %v", err)
	}
}

// TestFittedMapIsKept finds the map that was fitted to a decoder at the next start.
func TestFittedMapIsKept(t *testing.T) {
	cache, r := t.TempDir(), rocket()
	r.Previews = true
	fitted := draw(t, open(t, Options{Dev: tiny, Cache: cache}), r).previews[0]
	kept, err := filepath.Glob(filepath.Join(cache, "preview-*.safetensors"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept %v, %v", kept, err)
	}
	if again := draw(t, open(t, Options{Dev: tiny, Cache: cache}), r).previews[0]; !bytes.Equal(again.Pix, fitted.Pix) {
		t.Error("the kept map draws otherwise")
	}
	white := preview.Map{Channels: 16, Patch: 1, Weight: make([]float32, 16*3), Mean: []float32{1, 1, 1}}
	if err := white.Write(kept[0]); err != nil {
		t.Fatal(err)
	}
	if got := draw(t, open(t, Options{Dev: tiny, Cache: cache}), r).previews[0].RGBAAt(0, 0); got != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("the kept map was not read: %v", got)
	}
}
