package nn

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"easel/internal/engine/onnx"
	"easel/internal/engine/ort"
	"easel/internal/engine/quant"
	"easel/internal/engine/safetensors"
)

const in, out = 96, 40

// layer is one rounded linear layer "l" and its weight [out in] and bias.
func layer(t *testing.T, adapted bool, form quant.Form, levels int) (s *ort.Session, w, b []float32) {
	t.Helper()
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		t.Fatal(err)
	}
	w, b = normal(out*in), normal(out)
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := safetensors.WriteFile(path, []safetensors.Data{
		safetensors.NewF32("l.weight", w, out, in), safetensors.NewF32("l.bias", b, out),
	}, nil); err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	rounded, err := quant.Prepare(t.Context(), file, []quant.Weight{{Name: "l.weight", Form: form}}, quant.Cache{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	g := onnx.New("layer")
	weights := NewWeights(g, file, adapted)
	weights.Rounded(rounded, levels, func(string) bool { return false })
	g.Output("y", weights.Linear("l", in, out).Apply(g.Input("x", onnx.Float32, onnx.Sym("tokens"), onnx.D(in))))
	if err := weights.Err(); err != nil {
		t.Fatal(err)
	}
	m, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	if s, err = ort.Open(m, ort.Options{Threads: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, w, b
}

var random = rand.New(rand.NewPCG(3, 4))

func normal(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(random.NormFloat64())
	}
	return x
}

func apply(t *testing.T, s *ort.Session, x []float32, more ort.Values) []float32 {
	t.Helper()
	tokens := int64(len(x) / in)
	from, err := ort.New(x, tokens, in)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := ort.Zeros(tokens, out)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	values := ort.Values{"x": from}
	for name, v := range more {
		values[name] = v
	}
	if err := s.Run(t.Context(), values, ort.Values{"y": to}); err != nil {
		t.Fatal(err)
	}
	return to.Float32s()
}

// TestRoundedProduct compares with the exact product: both roundings together
// are off by less than 1 % of a result's size in 8 bits, 2 % where processors
// allow fewer levels, and 12 % in 4 bits.
func TestRoundedProduct(t *testing.T) {
	for _, c := range []struct {
		form   quant.Form
		levels int
		limit  float64
	}{{quant.Rows, 127, 0.01}, {quant.Rows, 63, 0.02}, {quant.Blocks8, 0, 0.01}, {quant.Blocks4, 0, 0.12}} {
		s, w, b := layer(t, false, c.form, c.levels)
		x := normal(7 * in)
		y := apply(t, s, x, nil)
		var wrong, size float64
		for k := range 7 {
			for o := range out {
				want := float64(b[o])
				for i := range in {
					want += float64(x[k*in+i]) * float64(w[o*in+i])
				}
				wrong += math.Pow(float64(y[k*out+o])-want, 2)
				size += want * want
			}
		}
		if off := math.Sqrt(wrong / size); off > c.limit {
			t.Errorf("%s, %d levels: off by %.2f %%", c.form, c.levels, 100*off)
		} else {
			t.Logf("%s, %d levels: off by %.2f %%", c.form, c.levels, 100*off)
		}
	}
}

func TestRoundedTokensDoNotDisturbEachOther(t *testing.T) {
	s, _, b := layer(t, false, quant.Rows, 127)
	x := normal(3 * in)
	alone := apply(t, s, x[in:2*in], nil)
	for i := range in {
		x[i] *= 1e6   // far out
		x[2*in+i] = 0 // nothing
	}
	y := apply(t, s, x, nil)
	if !slices.Equal(y[out:2*out], alone) {
		t.Error("a token's result depends on the others")
	}
	if !slices.Equal(y[2*out:], b) {
		t.Errorf("a token of zeros gives %v, want the bias", y[2*out:])
	}
	x[in] = float32(math.NaN())
	for i := range in {
		x[in+i] = x[in]
	}
	if y := apply(t, s, x, nil); y[out] == y[out] {
		t.Error("NaN was rounded away")
	}
}

func TestRoundedLayerTakesALoRA(t *testing.T) {
	s, _, _ := layer(t, true, quant.Rows, 127)
	x, a, b := normal(in), normal(2*in), normal(2*out)
	plain := apply(t, s, x, nil)
	ta, err := ort.New(a, in, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer ta.Close()
	tb, err := ort.New(b, 2, out)
	if err != nil {
		t.Fatal(err)
	}
	defer tb.Close()
	y := apply(t, s, x, ort.Values{"l.lora_A": ta, "l.lora_B": tb})
	for o := range out {
		want := float64(plain[o])
		for r := range 2 {
			for i := range in {
				want += float64(x[i]) * float64(a[2*i+r]) * float64(b[r*out+o])
			}
		}
		if math.Abs(float64(y[o])-want) > 1e-3 {
			t.Fatalf("y[%d] = %g, want %g", o, y[o], want)
		}
	}
}
