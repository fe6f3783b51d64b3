package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestDecodeMaskIsLuminanceTimesAlpha(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 6, 1))
	for x, c := range []color.NRGBA{
		{255, 255, 255, 255}, {255, 255, 255, 0}, {0, 0, 0, 255}, {255, 255, 255, 128}, {128, 128, 128, 255}, {0, 255, 0, 255},
	} {
		src.SetNRGBA(x, 0, c)
	}
	mask, err := DecodeMask(encoded(t, src, PNG, 0), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if want := []byte{255, 0, 0, 128, 128, 150}; !bytes.Equal(mask.Pix, want) {
		t.Errorf("%v, want %v", mask.Pix, want)
	}
}

func TestDecodeMaskOfGreyAndPalette(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 2, 1))
	grey.Pix = []byte{0, 200}
	pal := image.NewPaletted(grey.Rect, color.Palette{color.Black, color.White})
	pal.Pix = []byte{0, 1}
	for _, img := range []image.Image{grey, pal} {
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		mask, err := DecodeMask(b.Bytes(), DefaultLimits)
		if err != nil || mask.Pix[0] != 0 || mask.Pix[1] < repaint {
			t.Errorf("%v, %v", mask, err)
		}
	}
}

func TestDecodeMaskLooksAtNoProfile(t *testing.T) {
	file := read(t, "grey_gamma.png") // grey, with a profile of another gamma than sRGB's
	mask, err := DecodeMask(file, DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	seen, _, err := Decode(file, DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if want := nrgba(stored); mask.Pix[5] != want.Pix[20] || seen.Pix[20] == want.Pix[20] {
		t.Errorf("the mask has %d, stored is %d, as a picture it is %d", mask.Pix[5], want.Pix[20], seen.Pix[20])
	}
}

func TestCheckMask(t *testing.T) {
	mask := image.NewGray(image.Rect(0, 0, 4, 4))
	mask.Pix[7] = 127
	if err := CheckMask(mask); err == nil || !strings.Contains(err.Error(), "repaints nothing") {
		t.Error(err)
	}
	mask.Pix[7] = 128
	if err := CheckMask(mask); err != nil {
		t.Error(err)
	}
}

func TestResizeMaskMakesNoNewValues(t *testing.T) {
	mask := image.NewGray(image.Rect(0, 0, 2, 2))
	mask.Pix = []byte{0, 255, 255, 0}
	got := ResizeMask(mask, 4, 6)
	want := []byte{0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0}
	if !bytes.Equal(got.Pix, want) {
		t.Errorf("%v", got.Pix)
	}
	if back := ResizeMask(got, 2, 2); !bytes.Equal(back.Pix, mask.Pix) {
		t.Errorf("back: %v", back.Pix)
	}
}

func TestCoverMaskLosesNoStroke(t *testing.T) {
	mask := image.NewGray(image.Rect(0, 0, 100, 70))
	for x := 20; x < 80; x++ {
		mask.Pix[33*100+x] = 200
	}
	if CheckMask(ResizeMask(mask, 9, 6)) == nil {
		t.Fatal("the stroke is not thin enough to be lost")
	}
	got := CoverMask(mask, 9, 6)
	want := append(append(make([]byte, 18), 0, 200, 200, 200, 200, 200, 200, 200, 0), make([]byte, 27)...)
	if !bytes.Equal(got.Pix, want) {
		t.Errorf("%v, want %v", got.Pix, want)
	}
	if grown := CoverMask(mask, 300, 210); !bytes.Equal(grown.Pix, ResizeMask(mask, 300, 210).Pix) {
		t.Error("growing is not by nearest")
	}
	if CoverMask(mask, 100, 70) != mask {
		t.Error("a mask that has its size was copied")
	}
}

// TestCompositeKeepsEveryByte repaints random areas and looks at every pixel
// outside them, at every feather.
func TestCompositeKeepsEveryByte(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	original, grey := scene(90, 60), Grey(90, 60)
	for feather := range 7 {
		mask := image.NewGray(original.Rect)
		for range 5 {
			x, y := r.IntN(80), r.IntN(50)
			for j := y; j < y+r.IntN(20) && j < 60; j++ {
				for i := x; i < x+20 && i < 90; i++ {
					mask.Pix[j*90+i] = uint8(r.IntN(256))
				}
			}
		}
		out := Grey(90, 60)
		if err := Composite(original, out, mask, feather); err != nil {
			t.Fatal(err)
		}
		for i, v := range mask.Pix {
			got := out.Pix[4*i : 4*i+4]
			if v < repaint && !bytes.Equal(got, original.Pix[4*i:4*i+4]) {
				t.Fatalf("feather %d: kept pixel %d changed", feather, i)
			}
			if v >= repaint && feather == 0 && !bytes.Equal(got, grey.Pix[4*i:4*i+4]) {
				t.Fatalf("repainted pixel %d is %v", i, got)
			}
		}
		if !bytes.Equal(original.Pix, scene(90, 60).Pix) {
			t.Fatal("the original itself was written to")
		}
	}
}

func TestFeatherGoesInwardsOnly(t *testing.T) {
	black, white := image.NewNRGBA(image.Rect(0, 0, 20, 1)), Grey(20, 1)
	for i := range black.Pix {
		white.Pix[i] = 255
		if i%4 == 3 {
			black.Pix[i] = 255
		}
	}
	mask := image.NewGray(black.Rect)
	for x := 6; x < 20; x++ {
		mask.Pix[x] = 255
	}
	if err := Composite(black, white, mask, 4); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for x := range 20 {
		got = append(got, white.Pix[4*x])
	}
	want := []byte{0, 0, 0, 0, 0, 0, 51, 102, 153, 204, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}
	if !bytes.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if Composite(black, Grey(20, 2), mask, 4) == nil {
		t.Error("sizes differ: no error")
	}
}

func FuzzDecodeMask(f *testing.F) {
	for _, name := range []string{"alpha.png", "greyalpha.png", "palette_clear.png", "lossy_alpha.webp", "animated.gif", "cmyk.jpg"} {
		f.Add(read(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		mask, err := DecodeMask(data, Limits{Pixels: 1 << 16, Bytes: 1 << 16})
		if err != nil {
			return
		}
		if small := ResizeMask(mask, 16, 16); CheckMask(small) == nil && CheckMask(mask) != nil {
			t.Error("resizing made a mask repaint")
		}
	})
}

// disc is a mask with a white disc that fills it.
func disc(n int) *image.Gray {
	mask := image.NewGray(image.Rect(0, 0, n, n))
	for y := range n {
		for x := range n {
			if dx, dy := 2*x-n, 2*y-n; dx*dx+dy*dy < n*n {
				mask.Pix[y*n+x] = 255
			}
		}
	}
	return mask
}
