package vae

import (
	"fmt"
	"os"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/ort"
)

// tolerance is of float32 sums in another order; a step of a pixel is 8e-3.
const tolerance = 2e-5

func start(t testing.TB) {
	t.Helper()
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		t.Fatal(err)
	}
}

// last returns the finished latents of a case, unpacked: [c h w].
func last(t *testing.T, g golden.Case, factor int) (latents []float32, h, w int) {
	t.Helper()
	name := ""
	for step := 0; g.Has(fmt.Sprintf("latents.%d", step)); step++ {
		name = fmt.Sprintf("latents.%d", step)
	}
	tokens, width := g.Floats(t, name), int(g.Tensor(t, name).Shape[2])
	h, w = g.Height/factor, g.Width/factor
	latents = make([]float32, len(tokens))
	for i, x := range tokens { // a token holds a 2×2 square, channel by channel
		token, rest := i/width, i%width
		row, col, c, dy, dx := token/(w/2), token%(w/2), rest/4, rest%4/2, rest%2
		latents[(c*h+2*row+dy)*w+2*col+dx] = x
	}
	return latents, h, w
}

func TestDecode(t *testing.T) {
	start(t)
	for name, g := range golden.Cases(t, "decoded") {
		t.Run(name, func(t *testing.T) {
			d, err := LoadDecoder(g.Folder("vae"), ort.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			latents, h, w := last(t, g, d.Config.Factor())
			got, err := d.Decode(t.Context(), latents, h, w)
			if err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, "decoded", got, g.Floats(t, "decoded"), tolerance)
		})
	}
}

func TestEncode(t *testing.T) {
	start(t)
	for name, g := range golden.Cases(t, "moments") {
		t.Run(name, func(t *testing.T) {
			e, err := LoadEncoder(g.Folder("vae"), ort.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			area := g.Width * g.Height
			picture := make([]float32, 3*area)
			for i, v := range g.Bytes(t, "image") { // rows of pixels to planes
				picture[i%3*area+i/3] = float32(v)/255*2 - 1
			}
			p, err := e.Encode(t.Context(), picture, g.Height, g.Width)
			if err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, "moments", append(p.Mean, p.LogVar...), g.Floats(t, "moments"), tolerance)
			golden.Compare(t, "latents", p.Sample(g.Floats(t, "posterior_noise")), g.Floats(t, "image_latents"), tolerance)
		})
	}
}

func TestWebGPU(t *testing.T) {
	golden.SoftwareGPU(t)
	start(t)
	g := golden.Cases(t, "decoded")["dev-square"]
	d, err := LoadDecoder(g.Folder("vae"), ort.Options{Device: ort.WebGPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	latents, h, w := last(t, g, d.Config.Factor())
	got, err := d.Decode(t.Context(), latents, h, w)
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "decoded", got, g.Floats(t, "decoded"), 1e-4)
}
