package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/lora"
	"easel/internal/engine/safetensors"
)

// TestLoRAEqualsMergedWeights applies a LoRA that changes every layer of every
// network, T5's too, which diffusers cannot: the picture must be that of a
// model whose weights had it added.
func TestLoRAEqualsMergedWeights(t *testing.T) {
	const scale = -40 // the file's products are some thousandths
	e, r := open(t, Options{Dev: tiny}), rocket()
	v := e.variants[Dev]
	path := everywhere(t, v, 3, 5)
	file, err := lora.Load(path, v.layers)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Deltas) != len(v.layers) || len(lora.Component(file.Deltas, partT5)) == 0 {
		t.Fatalf("the LoRA changes %d of %d layers", len(file.Deltas), len(v.layers))
	}
	merged := t.TempDir()
	if err := os.CopyFS(merged, os.DirFS(tiny)); err != nil {
		t.Fatal(err)
	}
	for part, stem := range map[string]string{partTransformer: "diffusion_pytorch_model", partCLIP: "model", partT5: "model"} {
		merge(t, filepath.Join(merged, part), stem, lora.Component(file.Deltas, part), scale)
	}
	run := func(e *Engine, adapters ...Adapter) (*run, *gallery) {
		t.Helper()
		seen := &gallery{}
		r.Adapters = adapters
		run := e.newRun(e.variants[Dev], r, seen)
		defer run.adapters.close()
		if err := run.all(t.Context()); err != nil {
			t.Fatal(err)
		}
		return run, seen
	}
	want, wanted := run(open(t, Options{Dev: merged}))
	got, drawn := run(e, Adapter{Path: path, Scale: scale})
	plain, undrawn := run(e)
	golden.Compare(t, "pooled", got.text.Pooled, want.text.Pooled, 1e-5)
	golden.Compare(t, "text", got.text.States, want.text.States, 1e-5)
	if off := psnr(wanted.pictures[0], drawn.pictures[0]); off < 50 {
		t.Errorf("the LoRA's picture is %.1f dB from that of merged weights", off)
	}
	if moved := psnr(undrawn.pictures[0], drawn.pictures[0]); moved > 35 || got.text.States[0] == plain.text.States[0] {
		t.Errorf("the LoRA moves the picture to %.1f dB only: the test shows nothing", moved)
	}
}

// merge adds deltas to a component's weights, and writes them as one file.
func merge(t *testing.T, folder, stem string, deltas map[string]lora.Delta, scale float32) {
	t.Helper()
	file, err := safetensors.OpenDir(folder, stem)
	if err != nil {
		t.Fatal(err)
	}
	var tensors []safetensors.Data
	for _, name := range file.Names() {
		x, _ := file.Tensor(name)
		values, err := x.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		d := deltas[strings.TrimSuffix(name, ".weight")] // none: of rank 0
		for o := range d.Out {
			for i := range d.In {
				for k := range d.Rank {
					values[o*d.In+i] += scale * d.A[i*d.Rank+k] * d.B[k*d.Out+o]
				}
			}
		}
		tensors = append(tensors, safetensors.NewF32(name, values, x.Shape...))
	}
	old, err := filepath.Glob(filepath.Join(folder, stem+"*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := safetensors.WriteFile(filepath.Join(folder, stem+".safetensors"), tensors, nil); err != nil {
		t.Fatal(err)
	}
}
