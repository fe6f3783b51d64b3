package engine

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"easel/internal/engine/ort"
	"easel/internal/engine/safetensors"
)

// everywhere writes a LoRA in diffusers' names that changes every layer of a variant.
func everywhere(t *testing.T, v *variant, rank int, seed uint64) string {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	matrix := func(rows, columns int) safetensors.Data {
		values := make([]float32, rows*columns)
		for i := range values {
			values[i] = float32(random.NormFloat64()) / 50
		}
		return safetensors.NewF32("", values, int64(rows), int64(columns))
	}
	var tensors []safetensors.Data
	for _, name := range slices.Sorted(maps.Keys(v.layers)) {
		l := v.layers[name]
		down, up := matrix(rank, l.In), matrix(l.Out, rank)
		down.Name, up.Name = name+".lora_A.weight", name+".lora_B.weight"
		tensors = append(tensors, down, up)
	}
	path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.safetensors", seed))
	if err := safetensors.WriteFile(path, tensors, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// swapBar is what making ready two other adapters may take on the embedded model.
const swapBar = 50 * time.Millisecond

// TestSwap gives request after request to the embedded model, each with another
// main and another extra LoRA, both of rank 16 in every layer of every network.
func TestSwap(t *testing.T) {
	e := open(t, Options{Dev: "../../models/emoji/dev"})
	v := e.variants[Dev]
	files := []string{everywhere(t, v, 16, 1), everywhere(t, v, 16, 2)}
	r := rocket()
	r.Width, r.Height, r.Steps = 256, 256, 1
	draw(t, e, r) // loads the networks
	networks, tensors := len(e.shelf.books), ort.Live()
	var took []time.Duration
	for i := range 8 {
		r.Adapters = []Adapter{{Path: files[i%2], Scale: 1}, {Path: files[(i+1)%2], Scale: 0.5 + float64(i)/10}}
		result, err := e.Generate(t.Context(), r, Quiet{})
		if err != nil {
			t.Fatal(err)
		}
		took = append(took, result.Timings.Load)
	}
	t.Logf("both read from disk in %v, then swapped in %v", took[0], took[1:])
	took = took[1:]
	slices.Sort(took)
	if median := took[len(took)/2]; median > swapBar {
		t.Errorf("swapping takes %v, want at most %v", median, swapBar)
	}
	if len(e.shelf.books) != networks || ort.Live() != tensors {
		t.Errorf("%d networks and %d tensors are held, %d and %d before", len(e.shelf.books), ort.Live(), networks, tensors)
	}
}
