package engine

import (
	"bytes"
	"image"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/ort"
)

// leastPSNR is what the fast mode keeps of the tiny model's pictures, in dB. It
// measures 54 and more, and 6 less on a processor that allows fewer levels.
const leastPSNR = 46

func fastRocket() Request {
	r := rocket()
	r.Fast = true
	return r
}

func TestFastPicturesAreNearlyTheSame(t *testing.T) {
	cache := t.TempDir()
	e := open(t, Options{Dev: tiny, Cache: cache})
	for name, change := range map[string]func(*Request){
		"text":    func(*Request) {},
		"odd":     func(r *Request) { r.Width, r.Height = 50, 31 },
		"picture": func(r *Request) { r.Image, r.Strength = chequer(64, 48), 0.7 },
		"mask": func(r *Request) {
			r.Image, r.Strength, r.Mask = chequer(64, 48), 0.7, image.NewGray(image.Rect(0, 0, 64, 48))
			for i := range r.Mask.Pix[:1000] {
				r.Mask.Pix[i] = 255
			}
		},
	} {
		r := rocket()
		change(&r)
		want := draw(t, e, r).pictures[0]
		r.Fast = true
		got := draw(t, e, r).pictures[0]
		db := psnr(want, got)
		if math.IsInf(db, 1) || db < leastPSNR {
			t.Errorf("%s: PSNR %.1f dB, want %v or more and not the same", name, db, leastPSNR)
		}
		t.Logf("%s: PSNR %.1f dB", name, db)
		if again := draw(t, open(t, Options{Dev: tiny, Cache: cache}), r).pictures[0]; !bytes.Equal(again.Pix, got.Pix) {
			t.Errorf("%s: a second run gave another picture", name)
		}
	}
}

func TestFastPicturesEqualThoseMadeAlone(t *testing.T) {
	e, r := open(t, Options{Dev: tiny, Cache: t.TempDir()}), fastRocket()
	r.Seeds = []int64{7, 8}
	together := draw(t, e, r)
	r.Seeds = []int64{8}
	if alone := draw(t, e, r); !bytes.Equal(alone.pictures[0].Pix, together.pictures[1].Pix) {
		t.Error("picture 1 differs from the one made alone")
	}
}

func TestFastModeTakesLoRAs(t *testing.T) {
	e, r := open(t, Options{Dev: tiny, Cache: t.TempDir()}), fastRocket()
	plain := draw(t, e, r).pictures[0]
	r.Adapters = []Adapter{{Path: filepath.Join(golden.Testdata, "lora", "peft.safetensors"), Scale: 1}}
	fast := draw(t, e, r).pictures[0]
	r.Fast = false
	normal := draw(t, e, r).pictures[0]
	if moved, off := psnr(plain, fast), psnr(normal, fast); moved > off-6 || off < leastPSNR {
		t.Errorf("the LoRA moves the picture to %.1f dB, and the fast mode is %.1f dB from the normal one", moved, off)
	}
	r.Fast, r.Adapters = true, nil
	if again := draw(t, e, r).pictures[0]; !bytes.Equal(again.Pix, plain.Pix) {
		t.Error("the LoRA left something behind")
	}
}

func TestFastModeTellsOfRounding(t *testing.T) {
	var told []int64
	e := open(t, Options{Dev: tiny, Cache: t.TempDir(), Rounding: func(variant string, done, total int64) {
		told = append(told, done)
		if variant != Dev || done > total {
			t.Errorf("told of %d bytes of %d of %s", done, total, variant)
		}
	}})
	draw(t, e, rocket())
	if len(told) != 0 {
		t.Error("weights were rounded for a normal run")
	}
	draw(t, e, fastRocket())
	if len(told) == 0 {
		t.Error("nothing was told")
	}
}

// TestFastModeElsewhere pretends to compute on another device, after the
// network that it needs was loaded on the CPU.
func TestFastModeElsewhere(t *testing.T) {
	e := open(t, Options{Dev: tiny, Cache: t.TempDir()})
	want := draw(t, e, rocket()).pictures[0]
	e.sessions.Device = ort.WebGPU
	seen := &gallery{}
	result, err := e.Generate(t.Context(), fastRocket(), seen)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Warnings) != 1 || !strings.HasPrefix(result.Warnings[0], "go_fast ignored") || !strings.HasSuffix(result.Warnings[0], "webgpu") {
		t.Errorf("warnings: %q", result.Warnings)
	}
	if !bytes.Equal(seen.pictures[0].Pix, want.Pix) {
		t.Error("not the normal picture")
	}
}

// TestFastModeInLittleMemory also rounds the T5 encoder.
func TestFastModeInLittleMemory(t *testing.T) {
	want := draw(t, open(t, Options{Dev: tiny}), rocket()).pictures[0]
	e, seen := open(t, Options{Dev: tiny, Cache: t.TempDir(), Memory: 1}), &gallery{}
	result, err := e.Generate(t.Context(), fastRocket(), seen)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Warnings) != 1 || !strings.HasPrefix(result.Warnings[0], "the text encoder runs in 8 bits") {
		t.Errorf("warnings: %q", result.Warnings)
	}
	if db := psnr(want, seen.pictures[0]); db < leastPSNR {
		t.Errorf("PSNR %.1f dB", db)
	}
}

func TestFastModeInFourBits(t *testing.T) {
	e := open(t, Options{Dev: tiny, Cache: t.TempDir(), Bits: 4})
	if db := psnr(draw(t, e, rocket()).pictures[0], draw(t, e, fastRocket()).pictures[0]); db < 30 {
		t.Errorf("PSNR %.1f dB", db)
	} else {
		t.Logf("PSNR %.1f dB", db)
	}
	if _, err := Open(t.Context(), Options{Dev: tiny, Bits: 5}); err == nil || !strings.Contains(err.Error(), "bits 5") {
		t.Errorf("5 bits: %v", err)
	}
}

func chequer(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(200 * (i / 4 / 8 % 2))
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func TestBenchFast(t *testing.T) {
	e, r := open(t, Options{Dev: tiny, Cache: t.TempDir()}), rocket()
	r.Seeds = []int64{7, 8}
	b, err := e.BenchFast(t.Context(), r, 1)
	if err != nil {
		t.Fatal(err)
	}
	if b.Normal.Steps <= 0 || b.Fast.Steps <= 0 || b.PSNR < leastPSNR || b.SSIM < 0.98 || b.SSIM >= 1 {
		t.Errorf("got %+v", b)
	}
	same := chequer(64, 48)
	if ssim(same, same) != 1 || !math.IsInf(psnr(same, same), 1) {
		t.Error("a picture is not like itself")
	}
}
