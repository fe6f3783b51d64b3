package ort

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"easel/internal/engine/onnx"
)

// BenchmarkInputs measures a run's cost beside its arithmetic: a chain of
// linear layers whose LoRA inputs have rank 0.
func BenchmarkInputs(b *testing.B) {
	for _, layers := range []int{0, 100, 500} {
		b.Run(fmt.Sprint(2*layers), func(b *testing.B) {
			start(b)
			g := onnx.New("many")
			x := g.Input("x", onnx.Float32, onnx.D(1), onnx.D(8))
			y := g.Add(x, x)
			in := Values{"x": tensor(b, make([]float32, 8), 1, 8)}
			for i := range layers {
				na, nb := fmt.Sprintf("block.%d.attn.to_q.lora_A", i), fmt.Sprintf("block.%d.attn.to_q.lora_B", i)
				la := g.Input(na, onnx.Float32, onnx.D(8), onnx.Sym("r"))
				lb := g.Input(nb, onnx.Float32, onnx.Sym("r"), onnx.D(8))
				y = g.Add(y, g.MatMul(g.MatMul(y, la), lb))
				in[na], in[nb] = tensor(b, []float32{}, 8, 0), tensor(b, []float32{}, 0, 8)
			}
			g.Output("y", y)
			s := open(b, g, Options{})
			out := Values{"y": tensor(b, make([]float32, 8), 1, 8)}
			bound, err := s.Bind(in, out)
			if err != nil {
				b.Fatal(err)
			}
			b.Run("bound", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := bound.Run(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("by name", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := s.Run(b.Context(), in, out); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// BenchmarkInTurn compares ways to wait for work: sessions in turn, of products
// as large as those of a small transformer and of a large one.
func BenchmarkInTurn(b *testing.B) {
	ways := []struct {
		name   string
		config map[string]string
	}{
		{"never", map[string]string{"session.intra_op.allow_spinning": "0"}},
		{"stop", map[string]string{"session.intra_op.allow_spinning": "1", "session.force_spinning_stop": "1"}},
		{"stop, 1 ms", map[string]string{"session.intra_op.allow_spinning": "1", "session.force_spinning_stop": "1", "session.intra_op.spin_duration_us": "1000"}},
		{"spin", map[string]string{"session.intra_op.allow_spinning": "1"}},
	}
	for _, size := range []int64{128, 256, 512} {
		for _, way := range ways {
			b.Run(fmt.Sprintf("%d/%s", size, way.name), func(b *testing.B) {
				start(b)
				x := tensor(b, make([]float32, size*size), size, size)
				for i := range x.Float32s() {
					x.Float32s()[i] = rand.Float32() / float32(size)
				}
				y := tensor(b, make([]float32, size*size), size, size)
				var sessions []*Session
				for range 3 {
					sessions = append(sessions, open(b, products(100, size), Options{Threads: 2, Config: way.config}))
				}
				for b.Loop() {
					for _, s := range sessions {
						if err := s.Run(b.Context(), Values{"x": x}, Values{"y": y}); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}
