package flux

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"easel/internal/engine/ort"
)

// BenchmarkPass is one pass at 256 image and 32 text tokens over the
// transformer in the folder EASEL_BENCH_TRANSFORMER.
func BenchmarkPass(b *testing.B) {
	dir := os.Getenv("EASEL_BENCH_TRANSFORMER")
	if dir == "" {
		b.Skip("EASEL_BENCH_TRANSFORMER is not set")
	}
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		b.Fatal(err)
	}
	for _, adapted := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "adapted"}[adapted], func(b *testing.B) {
			m, err := Load(dir, adapted, ort.Options{Threads: 2, Profile: os.Getenv("PROFILE")})
			if err != nil {
				b.Fatal(err)
			}
			defer m.Close()
			text := Text{States: normal(32 * m.Config.TextWidth), Pooled: normal(m.Config.PooledWidth), Tokens: 32}
			p, err := m.NewPass(text, 16, 16, 3.5, nil)
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			copy(p.Latents, normal(len(p.Latents)))
			best := math.Inf(1)
			for b.Loop() {
				before := b.Elapsed()
				if err := p.Run(b.Context(), 0.5); err != nil {
					b.Fatal(err)
				}
				best = min(best, (b.Elapsed() - before).Seconds())
			}
			b.ReportMetric(best*1e3, "best-ms")
		})
	}
}

func normal(n int) []float32 {
	r, x := rand.New(rand.NewPCG(1, 2)), make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}
