//go:build unix

package nn

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"easel/internal/engine/onnx"
	"easel/internal/engine/ort"
	"easel/internal/engine/quant"
	"easel/internal/engine/safetensors"
)

// BenchmarkRounded runs FLUX.1's largest linear layers, LoRA inputs and all, in
// float32 and in each rounded form in turn, and gives the medians of the
// processor time: how many times faster than float32.
func BenchmarkRounded(b *testing.B) {
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		b.Fatal(err)
	}
	forms := []quant.Form{"", quant.Rows, quant.Blocks8, quant.Blocks4}
	for _, size := range [][2]int{{3072, 12288}, {15360, 3072}} {
		sessions := make([]*ort.Session, len(forms))
		for i, form := range forms {
			sessions[i] = large(b, size[0], size[1], form)
		}
		for _, tokens := range []int{1024, 4608} {
			b.Run(fmt.Sprintf("%dx%d/tokens=%d", size[0], size[1], tokens), func(b *testing.B) {
				x, err := ort.New(normal(tokens*size[0]), int64(tokens), int64(size[0]))
				if err != nil {
					b.Fatal(err)
				}
				defer x.Close()
				y, err := ort.Zeros(int64(tokens), int64(size[1]))
				if err != nil {
					b.Fatal(err)
				}
				defer y.Close()
				used := make([][]float64, len(forms))
				for b.Loop() {
					for i, s := range sessions {
						before := processor()
						if err := s.Run(b.Context(), ort.Values{"x": x}, ort.Values{"y": y}); err != nil {
							b.Fatal(err)
						}
						used[i] = append(used[i], processor()-before)
					}
				}
				for i := range forms {
					slices.Sort(used[i])
					b.ReportMetric(used[i][len(used[i])/2], "cpu-s-"+string(forms[i]))
					b.ReportMetric(used[0][len(used[0])/2]/used[i][len(used[i])/2], "x-"+string(forms[i]))
				}
			})
		}
		for _, s := range sessions {
			s.Close()
		}
	}
}

func processor() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// large is one linear layer; form "" is float32.
func large(b *testing.B, in, out int, form quant.Form) *ort.Session {
	b.Helper()
	path := filepath.Join(b.TempDir(), "m.safetensors")
	if err := safetensors.WriteFile(path, []safetensors.Data{
		safetensors.NewF32("l.weight", normal(out*in), int64(out), int64(in)), safetensors.NewF32("l.bias", normal(out), int64(out)),
	}, nil); err != nil {
		b.Fatal(err)
	}
	file, err := safetensors.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	g := onnx.New("layer")
	w := NewWeights(g, file, true)
	if form != "" {
		rounded, err := quant.Prepare(b.Context(), file, []quant.Weight{{Name: "l.weight", Form: form}}, quant.Cache{Folder: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		w.Rounded(rounded, 127, func(string) bool { return false })
	}
	g.Output("y", w.Linear("l", in, out).Apply(g.Input("x", onnx.Float32, onnx.Sym("tokens"), onnx.D(in))))
	m, err := g.Build()
	if err != nil {
		b.Fatal(err)
	}
	s, err := ort.Open(m, ort.Options{Threads: 2})
	if err != nil {
		b.Fatal(err)
	}
	return s
}
