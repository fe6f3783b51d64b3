package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/engine/safetensors"
)

// Rewrite copies a component's folder, its checkpoint changed, and returns the copy.
func Rewrite(t testing.TB, folder, stem string, change func(map[string]safetensors.Data)) string {
	t.Helper()
	file, err := safetensors.OpenDir(folder, stem)
	if err != nil {
		t.Fatal(err)
	}
	tensors := map[string]safetensors.Data{}
	for _, name := range file.Names() {
		x, _ := file.Tensor(name)
		data, err := x.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		tensors[name] = safetensors.Data{Name: name, DType: x.DType, Shape: x.Shape, Bytes: data}
	}
	change(tensors)
	var list []safetensors.Data
	for _, x := range tensors {
		list = append(list, x)
	}
	dir := t.TempDir()
	if err := safetensors.WriteFile(filepath.Join(dir, stem+".safetensors"), list, nil); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(folder, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Damage returns a change of three tensors: one is gone, one has an element
// more, one is of whole numbers.
func Damage(gone, longer, whole string) func(map[string]safetensors.Data) {
	return func(tensors map[string]safetensors.Data) {
		delete(tensors, gone)
		tensors[longer] = safetensors.NewF32(longer, make([]float32, 7), 7)
		x := tensors[whole]
		size := int64(len(x.Bytes))
		tensors[whole] = safetensors.Data{Name: whole, DType: safetensors.I8, Shape: []int64{size}, Bytes: x.Bytes}
	}
}

// BadConfigs writes each text as a config.json and expects read's error to hold
// what stands beside it.
func BadConfigs[C any](t *testing.T, read func(dir string) (C, error), cases map[string]string) {
	t.Helper()
	for text, want := range cases {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := read(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v lacks %q", text, err, want)
		}
	}
}
