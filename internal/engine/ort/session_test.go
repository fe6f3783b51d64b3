package ort

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"easel/internal/engine/onnx"
)

func start(t testing.TB) {
	t.Helper()
	if err := Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		t.Fatal(err)
	}
	before := Live()
	t.Cleanup(func() {
		if now := Live(); now != before {
			t.Errorf("%d tensors or sessions left open", now-before)
		}
	})
}

// tensor makes one that closes with the test; start must have been called before.
func tensor[T Element](t testing.TB, data []T, shape ...int64) *Tensor {
	t.Helper()
	x, err := New(data, shape...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return x
}

func open(t testing.TB, g *onnx.Graph, o Options) *Session {
	t.Helper()
	m, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	if o.Threads == 0 {
		o.Threads = 1
	}
	s, err := Open(m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// lora is y = x + (x·A)·B with A [2 rank], B [rank 2].
func lora() *onnx.Graph {
	g := onnx.New("lora")
	x := g.Input("x", onnx.Float32, onnx.Sym("n"), onnx.D(2))
	a := g.Input("m.lora_A", onnx.Float32, onnx.D(2), onnx.Sym("rank"))
	b := g.Input("m.lora_B", onnx.Float32, onnx.Sym("rank"), onnx.D(2))
	g.Output("y", g.Add(x, g.MatMul(g.MatMul(x, a), b)))
	return g
}

func TestRun(t *testing.T) {
	start(t)
	s := open(t, lora(), Options{})
	x, y := tensor(t, []float32{1, 2, 3, 4}, 2, 2), tensor(t, make([]float32, 4), 2, 2)
	none := Values{"x": x, "m.lora_A": tensor(t, []float32{}, 2, 0), "m.lora_B": tensor(t, []float32{}, 0, 2)}
	one := Values{"x": x, "m.lora_A": tensor(t, []float32{1, 1}, 2, 1), "m.lora_B": tensor(t, []float32{10, 100}, 1, 2)}
	for _, tt := range []struct {
		desc string
		in   Values
		want []float32
	}{
		{"rank 0", none, []float32{1, 2, 3, 4}},
		{"rank 1", one, []float32{31, 302, 73, 704}},
		{"no matrices named", Values{"x": x}, []float32{1, 2, 3, 4}},
	} {
		if err := s.Run(t.Context(), tt.in, Values{"y": y}); err != nil {
			t.Fatalf("%s: %v", tt.desc, err)
		}
		if diff := cmp.Diff(tt.want, y.Float32s()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.desc, diff)
		}
	}

	// A bound run reads what the slices hold now.
	b, err := s.Bind(one, Values{"y": y})
	if err != nil {
		t.Fatal(err)
	}
	x.Float32s()[0] = 0
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := y.Float32s()[0]; got != 20 {
		t.Errorf("after a change y[0] = %v, want 20", got)
	}
}

func TestNarrowFloats(t *testing.T) {
	start(t)
	for _, tt := range []struct {
		dtype onnx.DType
		raw   []byte
		want  []float32
	}{
		{onnx.BFloat16, []byte{0x80, 0x3f, 0x00, 0xc0}, []float32{1, -2}},
		{onnx.BFloat16, nil, []float32{}},
		{onnx.Float8, []byte{0x38, 0xb9, 0x7e, 0x01}, []float32{1, -1.125, 448, 1.0 / 512}},
	} {
		g := onnx.New("widen")
		g.Output("y", g.Cast(g.Input("x", tt.dtype, onnx.Sym("n")), onnx.Float32))
		s := open(t, g, Options{})
		n := int64(len(tt.want))
		x, err := NewBytes(tt.dtype, tt.raw, n)
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		y := tensor(t, make([]float32, n), n)
		if err := s.Run(t.Context(), Values{"x": x}, Values{"y": y}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, y.Float32s()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestWrongTensors(t *testing.T) {
	start(t)
	s := open(t, lora(), Options{})
	x := tensor(t, make([]float32, 6), 2, 3)
	ints := tensor(t, make([]int64, 2), 2, 1)
	err := s.Run(t.Context(), Values{"m.lora_A": ints, "m.lora_B": x, "c": x}, nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"run lora", "input x is missing", "input m.lora_A is int64 [2 1], must be f32",
		"input m.lora_B is f32 [2 3], must be f32 [rank 2]", "there is no input c", "output y is missing",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q lacks %q", err, want)
		}
	}

	// Ranks that disagree are only seen while running: an error, and the session lives.
	good, y := tensor(t, make([]float32, 2), 1, 2), tensor(t, make([]float32, 2), 1, 2)
	a, b0, b1 := tensor(t, make([]float32, 2), 2, 1), tensor(t, []float32{}, 0, 2), tensor(t, make([]float32, 2), 1, 2)
	if err := s.Run(t.Context(), Values{"x": good, "m.lora_A": a, "m.lora_B": b0}, Values{"y": y}); err == nil {
		t.Error("ranks 1 and 0: no error")
	}
	small := tensor(t, make([]float32, 4), 2, 2)
	if err := s.Run(t.Context(), Values{"x": good, "m.lora_A": a, "m.lora_B": b1}, Values{"y": small}); err == nil {
		t.Error("output of another length: no error")
	}
	if err := s.Run(t.Context(), Values{"x": good, "m.lora_A": a, "m.lora_B": b1}, Values{"y": y}); err != nil {
		t.Errorf("after errors: %v", err)
	}
	y.Close()
	if err := s.Run(t.Context(), Values{"x": good, "m.lora_A": a, "m.lora_B": b1}, Values{"y": y}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("closed tensor: %v", err)
	}
	s.Close()
	if err := s.Run(t.Context(), Values{"x": good, "m.lora_A": a, "m.lora_B": b1}, Values{"y": small}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("closed session: %v", err)
	}
}

func TestBadTensors(t *testing.T) {
	start(t)
	for _, shape := range [][]int64{{}, {3}, {-1}, {1 << 40, 1 << 40}, {1 << 62, 4, 4}} {
		if _, err := New(make([]float32, 2), shape...); err == nil {
			t.Errorf("New(2 values, %v): no error", shape)
		}
		if _, err := NewBytes(onnx.Float16, make([]byte, 2), shape...); err == nil {
			t.Errorf("NewBytes(1 value, %v): no error", shape)
		}
	}
	if _, err := NewBytes(onnx.DType(99), nil, 0); err == nil {
		t.Error("unknown type: no error")
	}
	if _, err := Zeros(-1); err == nil {
		t.Error("Zeros(-1): no error")
	}
}

func TestBadGraph(t *testing.T) {
	start(t)
	dir := t.TempDir()
	t.Setenv(onnx.DumpVar, dir)
	_, err := Open(onnx.Model{Name: "noise", Proto: []byte("not a model")}, Options{})
	if err == nil || !strings.Contains(err.Error(), "load noise") || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v, want the graph's name and where it was written", err)
	}
	if _, err := Open(onnx.Model{Name: "x", Proto: []byte("x")}, Options{Device: "abacus"}); err == nil || !strings.Contains(err.Error(), "cpu, webgpu or cuda") {
		t.Errorf("unknown device: %v", err)
	}
	if _, err := ParseDevice("abacus"); err == nil {
		t.Error("ParseDevice: no error")
	}
}

// products is a chain of n products of [size size].
func products(n int, size int64) *onnx.Graph {
	g := onnx.New("products")
	x := g.Input("x", onnx.Float32, onnx.D(size), onnx.D(size))
	y := x
	for range n {
		y = g.MatMul(y, x)
	}
	g.Output("y", y)
	return g
}

func TestCancel(t *testing.T) {
	start(t)
	s := open(t, products(2000, 512), Options{})
	x, y := tensor(t, make([]float32, 512*512), 512, 512), tensor(t, make([]float32, 512*512), 512, 512)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := s.Run(ctx, Values{"x": x}, Values{"y": y})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the context's", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("cancelled after %v, asked for 50ms", took)
	}
	if err := s.Run(ctx, Values{"x": x}, Values{"y": y}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with an ended context: %v", err)
	}

	short := open(t, products(2, 512), Options{})
	var wg sync.WaitGroup
	for range 4 { // cancelled or not, side by side
		wg.Go(func() {
			for i := range 20 {
				out, err := Zeros(512, 512)
				if err != nil {
					t.Error(err)
					return
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Millisecond)
				if err := short.Run(ctx, Values{"x": x}, Values{"y": out}); err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("run: %v", err)
				}
				cancel()
				out.Close()
			}
		})
	}
	wg.Wait()
	if err := short.Run(t.Context(), Values{"x": x}, Values{"y": y}); err != nil {
		t.Errorf("after cancels: %v", err)
	}
}
