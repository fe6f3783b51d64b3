package ort

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"easel/internal/engine/golden"
	"easel/internal/engine/onnx"
)

func TestWebGPU(t *testing.T) {
	golden.SoftwareGPU(t)
	start(t)
	s := open(t, lora(), Options{Device: WebGPU})
	x, y := tensor(t, []float32{1, 2, 3, 4}, 2, 2), tensor(t, make([]float32, 4), 2, 2)
	a, b := tensor(t, []float32{1, 1}, 2, 1), tensor(t, []float32{10, 100}, 1, 2)
	for _, tt := range []struct {
		desc string
		in   Values
		want []float32
	}{
		{"rank 1", Values{"x": x, "m.lora_A": a, "m.lora_B": b}, []float32{31, 302, 73, 704}},
		{"rank 0", Values{"x": x}, []float32{1, 2, 3, 4}},
	} {
		if err := s.Run(t.Context(), tt.in, Values{"y": y}); err != nil {
			t.Fatalf("%s: %v", tt.desc, err)
		}
		if diff := cmp.Diff(tt.want, y.Float32s()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.desc, diff)
		}
	}
}

// TestResidentInputs changes both inputs of a sum: the one that stays on the
// device is the one of before.
func TestResidentInputs(t *testing.T) {
	golden.SoftwareGPU(t)
	start(t)
	g := onnx.New("sum")
	g.Output("y", g.Add(g.Input("x", onnx.Float32, onnx.D(2)), g.Input("stays", onnx.Float32, onnx.D(2))))
	s := open(t, g, Options{Device: WebGPU})
	x, stays, y := tensor(t, []float32{1, 2}, 2), tensor(t, []float32{10, 20}, 2), tensor(t, make([]float32, 2), 2)
	b, err := s.Bind(Values{"x": x, "stays": stays}, Values{"y": y}, "x")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, want := range [][]float32{{11, 22}, {13, 24}} {
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, y.Float32s()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		copy(x.Float32s(), []float32{3, 4})
		copy(stays.Float32s(), []float32{1000, 2000})
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	if err := b.Run(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("after its end: %v", err)
	}
}

func TestNoCUDA(t *testing.T) {
	start(t)
	m, err := lora().Build()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(m, Options{Device: CUDA})
	if err == nil {
		s.Close()
		t.Skip("this machine has CUDA")
	}
	if !strings.Contains(err.Error(), "device cuda is not available") || !strings.Contains(err.Error(), "make cuda") {
		t.Errorf("error %q does not say that CUDA is not available and what to do", err)
	}
}

func TestChoosePassesOverWithReasons(t *testing.T) {
	start(t)
	chosen, passed := Choose(t.Context(), Auto)
	if len(passed) >= len(preferred) || chosen != preferred[len(passed)] {
		t.Fatalf("chose %s after %v", chosen, passed)
	}
	for i, err := range passed {
		if !strings.Contains(err.Error(), string(preferred[i])+" passed over: ") {
			t.Errorf("reason %q does not name %s", err, preferred[i])
		}
	}
	if d, passed := Choose(t.Context(), WebGPU); d != WebGPU || passed != nil {
		t.Errorf("a device that was asked for became %s (%v)", d, passed)
	}
}
