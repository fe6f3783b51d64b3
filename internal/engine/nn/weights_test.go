package nn

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/engine/onnx"
	"easel/internal/engine/safetensors"
)

// checkpoint writes tensors of zeros: name to dtype and shape.
func checkpoint(t *testing.T, tensors ...safetensors.Data) *safetensors.Checkpoint {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := safetensors.WriteFile(path, tensors, nil); err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func zeros(name string, dtype safetensors.DType, size int, shape ...int64) safetensors.Data {
	for _, d := range shape {
		size *= int(d)
	}
	return safetensors.Data{Name: name, DType: dtype, Shape: shape, Bytes: make([]byte, size)}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	file := checkpoint(t,
		zeros("a.weight", safetensors.I64, 8, 4, 8),
		zeros("b.weight", safetensors.BF16, 2, 8, 4),
		zeros("b.bias", safetensors.F32, 4, 4),
	)
	g := onnx.New("test")
	w := NewWeights(g, file, false)
	x := g.Input("x", onnx.Float32, onnx.Sym("tokens"), onnx.D(8))
	a, b := w.Linear("a", 8, 4), w.Linear("b", 8, 4)
	g.Output("y", g.Add(a.Apply(x), b.Apply(x)))
	err := w.Err()
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, want := range []string{
		`tensor "a.weight" is I64, not F32, F16, BF16 or F8_E4M3`,
		`tensor "a.bias" is missing`,
		`tensor "b.weight" is [8 4], the config makes it [4 8]`,
	} {
		if i >= len(lines) || lines[i] != file.Path+": "+want {
			t.Errorf("problem %d: got %q, want %s", i, lines, want)
		}
	}
	if err := g.Err(); err != nil {
		t.Errorf("building did not go on: %v", err)
	}
}

func TestScaledFloat8IsRefused(t *testing.T) {
	for _, scale := range []string{"a.weight_scale", "a.scale_weight"} {
		file := checkpoint(t, zeros("a.weight", safetensors.F8, 1, 4, 8), zeros(scale, safetensors.F32, 4, 1))
		w := NewWeights(onnx.New("test"), file, false)
		w.Tensor("a.weight", 4, 8)
		if err := w.Err(); err == nil || !strings.Contains(err.Error(), `"a.weight" is F8_E4M3 with a scale of its own`) {
			t.Errorf("%s: got %v", scale, err)
		}
	}
}

func TestFloat8IsWidened(t *testing.T) {
	file := checkpoint(t, zeros("table.weight", safetensors.F8, 1, 4, 8))
	g := onnx.New("test")
	w := NewWeights(g, file, false)
	g.Output("y", w.Embedding("table.weight", 4, 8, g.Input("ids", onnx.Int64, onnx.Sym("tokens"))))
	if err := errors.Join(w.Err(), g.Err()); err != nil {
		t.Fatal(err)
	}
	m, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Outputs[0].String(); got != "y f32[tokens 8]" {
		t.Errorf("got %s", got)
	}
}

func TestLinearTakesALoRA(t *testing.T) {
	file := checkpoint(t, zeros("layers.0.fc.weight", safetensors.F16, 2, 4, 8), zeros("layers.0.fc.bias", safetensors.F16, 2, 4))
	g := onnx.New("test")
	w := NewWeights(g, file, true)
	x := g.Input("x", onnx.Float32, onnx.Sym("tokens"), onnx.D(8))
	g.Output("y", w.At("layers", 0).Linear("fc", 8, 4).Apply(x))
	m, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Modules(); len(got) != 1 || got[0] != (Module{"layers.0.fc", 8, 4}) {
		t.Errorf("modules: %v", got)
	}
	want := []string{"x f32[tokens 8]", "layers.0.fc.lora_A f32[8 layers.0.fc.rank]", "layers.0.fc.lora_B f32[layers.0.fc.rank 4]"}
	for i, v := range m.Inputs {
		if v.String() != want[i] {
			t.Errorf("input %d: %s, want %s", i, v, want[i])
		}
	}
}

func TestUnknownActivation(t *testing.T) {
	g := onnx.New("test")
	Activation(g, "mish", g.Input("x", onnx.Float32, onnx.D(1)))
	if err := g.Err(); err == nil || !strings.Contains(err.Error(), `"mish"`) {
		t.Errorf("got %v", err)
	}
}
