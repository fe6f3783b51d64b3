//go:build unix

package flux

import (
	"fmt"
	"math"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"easel/internal/engine/ort"
	"easel/internal/engine/quant"
)

// BenchmarkFast runs the transformer in the folder EASEL_BENCH_TRANSFORMER in
// normal and fast mode in turn, with 512 text tokens, and gives the medians.
// Processor time is what to compare on a machine that does other things too.
// EASEL_BENCH_BITS=4 rounds weights to 4 bits. testdata/fullsize.py makes a folder with one FLUX-sized block of each kind.
func BenchmarkFast(b *testing.B) {
	dir := os.Getenv("EASEL_BENCH_TRANSFORMER")
	if dir == "" {
		b.Skip("EASEL_BENCH_TRANSFORMER is not set")
	}
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		b.Fatal(err)
	}
	o := ort.Options{Threads: 2}
	plain, err := Load(dir, true, o)
	if err != nil {
		b.Fatal(err)
	}
	defer plain.Close()
	fast, err := LoadFast(b.Context(), dir, true, o, bits(), quant.Cache{Folder: b.TempDir()}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer fast.Close()
	for _, size := range [][2]int{{16, 32}, {64, 64}} {
		b.Run(fmt.Sprintf("tokens=%d", 512+size[0]*size[1]), func(b *testing.B) {
			var passes [2]*Pass
			for i, m := range []*Model{plain, fast} {
				text := Text{States: normal(512 * m.Config.TextWidth), Pooled: normal(m.Config.PooledWidth), Tokens: 512}
				p, err := m.NewPass(text, size[0], size[1], 3.5, nil)
				if err != nil {
					b.Fatal(err)
				}
				defer p.Close()
				copy(p.Latents, normal(len(p.Latents)))
				run(b, p) // lays weights and memory out
				passes[i] = p
			}
			var wall, used [2][]float64
			for b.Loop() {
				for i, p := range passes {
					w, u := run(b, p)
					wall[i], used[i] = append(wall[i], w), append(used[i], u)
				}
			}
			for i, name := range []string{"normal", "fast"} {
				b.ReportMetric(median(wall[i]), name+"-s")
				b.ReportMetric(median(used[i]), name+"-cpu-s")
			}
			b.ReportMetric(median(wall[0])/median(wall[1]), "wall-ratio")
			b.ReportMetric(median(used[0])/median(used[1]), "cpu-ratio")
			b.ReportMetric(100*difference(passes[0].Velocity, passes[1].Velocity), "%off")
		})
	}
}

// bits is EASEL_BENCH_BITS, or 8.
func bits() int {
	if os.Getenv("EASEL_BENCH_BITS") == "4" {
		return 4
	}
	return 8
}

// run times a pass: wall and processor time in seconds.
func run(b *testing.B, p *Pass) (wall, used float64) {
	b.Helper()
	began, before := time.Now(), processor()
	if err := p.Run(b.Context(), 0.5); err != nil {
		b.Fatal(err)
	}
	return time.Since(began).Seconds(), processor() - before
}

func processor() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}

// difference is b's root mean square distance from a, as a share of a's size.
func difference(a, b []float32) float64 {
	var wrong, size float64
	for i := range a {
		wrong += math.Pow(float64(a[i]-b[i]), 2)
		size += math.Pow(float64(a[i]), 2)
	}
	return math.Sqrt(wrong / size)
}
