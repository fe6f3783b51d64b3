package vae

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/ort"
	"easel/internal/engine/safetensors"
)

func TestTinyDecoder(t *testing.T) {
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(golden.Testdata, "taef1")
	tiny, err := LoadTiny(dir, ort.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer tiny.Close()
	file, err := safetensors.Open(filepath.Join(dir, "golden.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	floats := func(name string) []float32 {
		x, _ := file.Tensor(name)
		data, err := x.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	got, err := tiny.Decode(t.Context(), floats("latents"), 6, 4)
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "picture", got, floats("decoded"), 2e-5)
	if _, err := tiny.Decode(t.Context(), make([]float32, 5), 6, 4); err == nil {
		t.Error("5 latents were decoded")
	}
}

func TestBadTiny(t *testing.T) {
	dir := t.TempDir()
	config := `{"_class_name": "AutoencoderKL", "decoder_block_out_channels": [8, 16], "num_decoder_blocks": [1], "latent_channels": 0,
		"out_channels": 4, "upsample_fn": "bilinear", "scaling_factor": 0}`
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := ReadTinyConfig(dir)
	for _, want := range []string{"_class_name", "num_decoder_blocks [1]", "must be equal", "latent_channels have 0", "out_channels is 4", "bilinear", "scaling_factor"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not said: %s\n%v", want, err)
		}
	}
}
