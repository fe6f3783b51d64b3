package engine

import (
	"image"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
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
