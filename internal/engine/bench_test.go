package engine

import (
	"os"
	"testing"

	"easel/internal/engine/ort"
)

// BenchmarkGenerate draws a default picture with the model in the folder EASEL_BENCH_DEV.
func BenchmarkGenerate(b *testing.B) {
	dir := os.Getenv("EASEL_BENCH_DEV")
	if dir == "" {
		b.Skip("EASEL_BENCH_DEV is not set")
	}
	e, err := Open(b.Context(), Options{Dev: dir, Library: os.Getenv("EASEL_ORT_LIB"), Threads: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	r := Request{Variant: Dev, Prompt: "a 3d emoji of a rocket", Width: 1024, Height: 1024, Steps: 28, Guidance: 3, Seeds: []int64{1}}
	for b.Loop() {
		m, err := e.Bench(b.Context(), r, 3)
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("total %v steps %v decode %v bare %v overhead %.1f%%", m.Timings.Total, m.Timings.Steps, m.Timings.Decode, m.Bare.Total, 100*m.Overhead)
	}
	b.Log(ort.Version())
}
