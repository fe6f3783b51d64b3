package preview

import (
	"context"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"easel/internal/engine/flux"
	"easel/internal/engine/ort"
)

// TestPaint holds the graph to the map's definition, pixel by pixel.
func TestPaint(t *testing.T) {
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	random := func(n int, scale float64) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64() * scale)
		}
		return x
	}
	const channels, patch, rows, cols = 3, 2, 2, 3
	m := Map{channels, patch, random(channels*3*patch*patch, 0.3), random(3*patch*patch, 0.3)}
	latents := random(channels*4*rows*cols, 1)
	p, err := NewPainter(m, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	img, err := p.Paint(t.Context(), flux.Pack(latents, channels, rows, cols), rows, cols)
	if err != nil {
		t.Fatal(err)
	}
	if want := image.Rect(0, 0, 2*cols*patch, 2*rows*patch); img.Rect != want {
		t.Fatalf("size %v, want %v", img.Rect, want)
	}
	for y := range img.Rect.Max.Y {
		for x := range img.Rect.Max.X {
			var want [3]uint8
			for ch := range 3 {
				i := ch*patch*patch + y%patch*patch + x%patch
				sum := m.Mean[i]
				for c := range channels {
					sum += m.Weight[c*3*patch*patch+i] * latents[(c*2*rows+y/patch)*2*cols+x/patch]
				}
				want[ch] = uint8(min(max(sum*127.5+128, 0), 255.5))
			}
			if got := img.RGBAAt(x, y); got != (color.RGBA{want[0], want[1], want[2], 255}) {
				t.Fatalf("pixel %d,%d: %v, want %v", x, y, got, want)
			}
		}
	}
}

// TestFit finds a decoder that is linear itself.
func TestFit(t *testing.T) {
	const channels, factor = 4, 8
	decode := func(_ context.Context, latents []float32, h, w int) ([]float32, error) {
		picture := make([]float32, 3*h*factor*w*factor)
		for i := range picture {
			ch, y, x := i/(h*factor*w*factor), i/(w*factor)%(h*factor), i%(w*factor)
			latent := latents[(ch*h+y/factor)*w+x/factor]
			picture[i] = 0.1 + 0.5*latent
			if x%factor < factor/2 {
				picture[i] -= 0.2
			}
		}
		return picture, nil
	}
	m, err := Fit(t.Context(), channels, factor, decode)
	if err != nil {
		t.Fatal(err)
	}
	if m.Patch != 2 {
		t.Fatalf("patch %d, want 2", m.Patch)
	}
	near := func(what string, got float32, want float64) {
		if math.Abs(float64(got)-want) > 5e-3 {
			t.Errorf("%s: %g, want %g", what, got, want)
		}
	}
	near("mean, left", m.Mean[0], -0.1)
	near("mean, right", m.Mean[1], 0.1)
	near("red of channel 0", m.Weight[0], 0.5)
	near("green of channel 0", m.Weight[4], 0)
	near("green of channel 1", m.Weight[12+4], 0.5)
}
