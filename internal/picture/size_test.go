package picture

import (
	"image"
	"testing"
)

func TestFitSize(t *testing.T) {
	for _, c := range []struct{ w, h, wantW, wantH int }{
		{1024, 1024, 1024, 1024},
		{16, 16, 16, 16},
		{23, 24, 16, 32}, // 24 is a tie: up
		{25, 39, 32, 32}, //
		{40, 56, 48, 64}, // ties both
		{1440, 1440, 1440, 1440},
		{1441, 1441, 1440, 1440},
		{2880, 1440, 1440, 720},
		{4000, 3000, 1440, 1080 + 8}, // 1080 is 67.5 sixteenths: up
		{3000, 4000, 1088, 1440},
		{1435, 100, 1440, 96},
		{8000, 89, 1440, 16},
		{1000, 16, 1008, 16},
	} {
		w, h, err := FitSize(c.w, c.h)
		if err != nil || w != c.wantW || h != c.wantH {
			t.Errorf("%d×%d: %d×%d, %v; want %d×%d", c.w, c.h, w, h, err, c.wantW, c.wantH)
		}
	}
	for _, c := range [][2]int{{15, 100}, {100, 15}, {0, 0}, {1, 1}, {4000, 40}, {8000, 88}} {
		if w, h, err := FitSize(c[0], c[1]); err == nil {
			t.Errorf("%v: %d×%d, want an error", c, w, h)
		}
	}
}

func TestFitSizeIsAlwaysUsable(t *testing.T) {
	for w := 16; w < 3000; w += 7 {
		for h := 16; h < 3000; h += 13 {
			fw, fh, err := FitSize(w, h)
			if err == nil && (fw%16 != 0 || fh%16 != 0 || fw < 16 || fh < 16 || fw > MaxSide || fh > MaxSide) {
				t.Fatalf("%d×%d gives %d×%d", w, h, fw, fh)
			}
		}
	}
}

func TestThumbnailAndGrey(t *testing.T) {
	if got := Thumbnail(scene(100, 50), 20).Rect.Size(); got != image.Pt(20, 10) {
		t.Error(got)
	}
	if got := Thumbnail(scene(10, 5), 20).Rect.Size(); got != image.Pt(10, 5) {
		t.Error(got)
	}
	if g := Grey(3, 2); !g.Opaque() || g.Pix[0] != 128 || g.Rect != image.Rect(0, 0, 3, 2) {
		t.Error(g)
	}
}
