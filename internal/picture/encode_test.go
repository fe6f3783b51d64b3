package picture

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/webp"
)

// scene is a picture with gradients, an edge and a little noise, always the same.
func scene(w, h int) *image.NRGBA {
	r := rand.New(rand.NewPCG(1, 2))
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			p := img.Pix[img.PixOffset(x, y):]
			p[0], p[1], p[2], p[3] = uint8(255*x/w), uint8(255*y/h), uint8(128+100*math.Sin(float64(x+y)/9)), 255
			if (x/16+y/16)%5 == 0 {
				p[2] = uint8(r.IntN(32))
			}
		}
	}
	return img
}

func encoded(t testing.TB, img image.Image, f Format, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, img, f, quality); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEncodeIsDeterministicUnderLoad(t *testing.T) {
	for _, f := range []Format{WebP, JPEG, PNG} {
		want := encoded(t, scene(150, 90), f, 80)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				encoded(t, scene(40+i, 64), f, 10*i) // disturb any state that is shared
				if got := encoded(t, scene(150, 90), f, 80); !bytes.Equal(got, want) {
					t.Errorf("%s: run %d gave other bytes", f, i)
				}
			})
		}
		wg.Wait()
	}
}

func TestEncodePNGKeepsEveryPixel(t *testing.T) {
	img := scene(61, 47)
	got, err := png.Decode(bytes.NewReader(encoded(t, img, PNG, 0)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(img.Pix, nrgba(got).Pix); diff != "" {
		t.Error(diff)
	}
}

func TestEncodeQuality(t *testing.T) {
	img := scene(256, 256)
	for _, f := range []Format{WebP, JPEG} {
		last := 0
		for _, q := range []int{0, 30, 60, 90, 100} {
			file := encoded(t, img, f, q)
			if len(file) <= last {
				t.Errorf("%s quality %d: %d bytes, not more than at the quality below (%d)", f, q, len(file), last)
			}
			last = len(file)
			var cfg image.Config
			var err error
			if f == WebP {
				cfg, err = webp.DecodeConfig(bytes.NewReader(file))
			} else {
				cfg, err = jpeg.DecodeConfig(bytes.NewReader(file))
			}
			if err != nil || cfg.Width != 256 || cfg.Height != 256 {
				t.Errorf("%s quality %d reads back as %d×%d, %v", f, q, cfg.Width, cfg.Height, err)
			}
		}
	}
}

func TestEncodeOfAnEmptyOrHugePicture(t *testing.T) {
	for name, img := range map[string]image.Image{
		"empty": image.NewNRGBA(image.Rectangle{}),
		"wide":  image.NewNRGBA(image.Rect(0, 0, 20000, 1)),
	} {
		if err := Encode(&bytes.Buffer{}, img, WebP, 80); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestEncodeOfASubImage(t *testing.T) {
	img := scene(64, 64)
	sub := img.SubImage(image.Rect(10, 20, 40, 50))
	for _, f := range []Format{WebP, JPEG, PNG} {
		if !bytes.Equal(encoded(t, sub, f, 80), encoded(t, nrgba(sub), f, 80)) {
			t.Errorf("%s: a sub-image and its copy differ", f)
		}
	}
}

func TestJPEGLaysTransparencyOnWhite(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 8, 8)) // all transparent black
	got, err := jpeg.Decode(bytes.NewReader(encoded(t, img, JPEG, 90)))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := got.At(4, 4).RGBA(); r>>8 < 250 || g>>8 < 250 || b>>8 < 250 {
		t.Errorf("transparent became %d %d %d, want white", r>>8, g>>8, b>>8)
	}
}

func TestFormats(t *testing.T) {
	for name, want := range map[string][2]string{
		"webp": {"image/webp", ".webp"}, "jpg": {"image/jpeg", ".jpg"}, "png": {"image/png", ".png"}, "jpeg": {"image/jpeg", ".jpg"},
	} {
		f, err := ParseFormat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]string{f.ContentType(), f.Ext()}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if _, err := ParseFormat("gif"); err == nil {
		t.Error("gif: no error")
	}
}

func BenchmarkEncode1024(b *testing.B) {
	img := scene(1024, 1024)
	for _, f := range []Format{WebP, JPEG, PNG} {
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				encoded(b, img, f, 80)
			}
		})
	}
}
