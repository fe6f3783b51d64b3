package engine

import (
	"bytes"
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
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

// TestLittleMemory rounds what does not fit, and says so.
func TestLittleMemory(t *testing.T) {
	want := draw(t, open(t, Options{Dev: tiny}), rocket()).pictures[0]
	for name, tt := range map[string]struct {
		bits  int
		fast  bool
		least float64 // PSNR
		warns []string
	}{
		"fast":            {8, true, leastPSNR, []string{"the text encoder runs in 8 bits"}},
		"fast, smaller":   {0, true, 30, []string{"the text encoder runs in 8 bits", "go_fast runs in 4 bits"}},
		"normal":          {8, false, leastPSNR, []string{"the text encoder runs in 8 bits", "the transformer runs in 8 bits"}},
		"normal, smaller": {0, false, 30, []string{"the text encoder runs in 8 bits", "the transformer runs in 4 bits"}},
	} {
		e, r, seen := open(t, Options{Dev: tiny, Cache: t.TempDir(), Memory: 1, Bits: tt.bits}), rocket(), &gallery{}
		if err := e.Load(t.Context(), Dev); err != nil {
			t.Fatal(err)
		}
		r.Fast = tt.fast
		result, err := e.Generate(t.Context(), r, seen)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(result.Warnings, tt.warns, strings.HasPrefix) {
			t.Errorf("%s: warnings %q, want %q", name, result.Warnings, tt.warns)
		}
		if db := psnr(want, seen.pictures[0]); db < tt.least {
			t.Errorf("%s: PSNR %.1f dB", name, db)
		}
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

// TestFastModeKeepsWhatIsTooFine uses the embedded model, some of whose layers
// cancel large values: they are found by measuring, and only once.
func TestFastModeKeepsWhatIsTooFine(t *testing.T) {
	cache := t.TempDir()
	r := Request{Variant: Dev, Prompt: "a 3d emoji of a rocket", Width: 256, Height: 256, Steps: 4, Guidance: 3.5, Seeds: []int64{7}}
	e := open(t, Options{Dev: emoji, Cache: cache})
	want := draw(t, e, r).pictures[0]
	r.Fast = true
	got := draw(t, e, r).pictures[0]
	if db := psnr(want, got); db < 30 {
		t.Errorf("PSNR %.1f dB", db)
	} else {
		t.Logf("PSNR %.1f dB", db)
	}
	plans, err := filepath.Glob(filepath.Join(cache, "*.keep-*.json"))
	if err != nil || len(plans) != 1 {
		t.Fatalf("plans: %v, %v", plans, err)
	}
	if plan, err := os.ReadFile(plans[0]); err != nil {
		t.Fatal(err)
	} else if string(plan) == "null" {
		t.Skip("the embedded model stands all rounding")
	}
	if err := os.WriteFile(plans[0], []byte("[]"), 0o644); err != nil {
		t.Fatal(err)
	}
	if coarse := draw(t, open(t, Options{Dev: emoji, Cache: cache}), r).pictures[0]; psnr(want, coarse) > psnr(want, got)-6 {
		t.Error("the plan is not read again")
	}
}

// TestKeptLayersAreLookedUp: a plan that is there counts in little memory, too,
// and one that cannot be written fails nothing.
func TestKeptLayersAreLookedUp(t *testing.T) {
	cache := t.TempDir()
	keep := func(memory int64) []string {
		t.Helper()
		e := open(t, Options{Dev: tiny, Cache: cache, Memory: memory})
		v := e.variants[Dev]
		c, err := e.roundedWeights(v)
		if err != nil {
			t.Fatal(err)
		}
		kinds, err := e.sensitive(t.Context(), v, 8, c)
		if err != nil {
			t.Fatal(err)
		}
		return kinds
	}
	plans := func() []string {
		found, _ := filepath.Glob(filepath.Join(cache, "*.keep-*.json"))
		return found
	}
	if keep(1); len(plans()) != 0 {
		t.Error("it is measured in little memory")
	}
	keep(0)
	if len(plans()) != 1 {
		t.Fatalf("plans %v, want one", plans())
	}
	plan := plans()[0]
	if err := os.WriteFile(plan, []byte(`["x"]`), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := keep(1); !slices.Equal(got, []string{"x"}) {
		t.Errorf("in little memory %q are kept, the plan says x", got)
	}
	if err := errors.Join(os.Remove(plan), os.Mkdir(plan, 0o755)); err != nil {
		t.Fatal(err)
	}
	keep(0)
}
