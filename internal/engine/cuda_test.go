package engine

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"easel/internal/engine/clip"
	"easel/internal/engine/flux"
	"easel/internal/engine/golden"
	"easel/internal/engine/onnx"
	"easel/internal/engine/ort"
	"easel/internal/engine/safetensors"
	"easel/internal/engine/t5"
	"easel/internal/engine/vae"
)

// TestCUDAGraphs holds the graphs that a CUDA device gets to the kernels that
// ONNX Runtime has for it: that takes no device. Products and attention are in
// bf16 in the two large networks, which must not fall back to the CPU anywhere;
// the others, and the angles, are in f32; nothing is in f16. ONNX Runtime checks
// the types itself when it loads a graph, before it looks for kernels.
func TestCUDAGraphs(t *testing.T) {
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{"dev", "schnell", "wide"} {
		dir := filepath.Join(golden.Testdata, "models", model)
		file := func(part, stem string) *safetensors.Checkpoint {
			f, err := safetensors.OpenDir(filepath.Join(dir, part), stem)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		fluxConfig, err1 := flux.ReadConfig(filepath.Join(dir, partTransformer))
		t5Config, err2 := t5.ReadConfig(filepath.Join(dir, partT5))
		clipConfig, err3 := clip.ReadConfig(filepath.Join(dir, partCLIP))
		vaeConfig, err4 := vae.ReadConfig(filepath.Join(dir, partVAE))
		transformer, _, err5 := flux.Build(fluxConfig, file(partTransformer, imageStem), flux.Form{Adapted: true, Half: true})
		t5Encoder, _, err6 := t5.Build(t5Config, file(partT5, textStem), t5.Form{Adapted: true, Half: true})
		clipEncoder, _, err7 := clip.Build(clipConfig, file(partCLIP, textStem), true)
		decoder, err8 := vae.BuildDecoder(vaeConfig, file(partVAE, imageStem), false)
		encoder, err9 := vae.BuildEncoder(vaeConfig, file(partVAE, imageStem), false)
		if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9); err != nil {
			t.Fatal(err)
		}
		for _, m := range []onnx.Model{transformer, t5Encoder, clipEncoder, decoder, encoder} {
			if lacks := lacking(m); len(lacks) > 0 {
				t.Errorf("%s: %s: CUDA has no kernels for %v", model, m.Name, lacks)
			}
			half := m.Name == transformer.Name || m.Name == t5Encoder.Name
			s, err := ort.Open(m, ort.Options{Threads: 1})
			s.Close()
			if half && (err == nil || !strings.Contains(err.Error(), "Could not find an implementation for Gemm")) || !half && err != nil {
				t.Errorf("%s: %s: the CPU, which has no bf16 products, says %v", model, m.Name, err)
			}
			for _, op := range m.Ops {
				heavy := slices.Contains([]string{"Gemm", "MatMul", "MultiHeadAttention"}, op.Name)
				if op.Type == onnx.Float16 || heavy && half != (op.Type == onnx.BFloat16) || op.Name == "RotaryEmbedding" && op.Type != onnx.Float32 {
					t.Errorf("%s: %s: %s computes in %v", model, m.Name, op.Name, op.Type)
				}
			}
		}
	}
}
