package vae

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/onnx"
	"easel/internal/engine/ort"
	"easel/internal/engine/safetensors"
)

const stem = "diffusion_pytorch_model"

var folder = filepath.Join(golden.Testdata, "models", "dev", "vae")

func TestBadCheckpoint(t *testing.T) {
	start(t)
	for _, half := range []string{"decoder", "encoder"} {
		dir := golden.Rewrite(t, folder, stem, golden.Damage(
			half+".conv_in.weight", half+".conv_norm_out.bias", half+".mid_block.attentions.0.to_q.weight"))
		var err error
		if half == "decoder" {
			_, err = LoadDecoder(dir, ort.Options{Threads: 1})
		} else {
			_, err = LoadEncoder(dir, ort.Options{Threads: 1})
		}
		if err == nil {
			t.Fatalf("%s: no error", half)
		}
		for _, want := range []string{
			stem, half + `.conv_in.weight" is missing`, half + `.conv_norm_out.bias" is [7], the config makes it`,
			half + `.mid_block.attentions.0.to_q.weight" is I8`,
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error lacks %q:\n%v", want, err)
			}
		}
	}
}

func TestBadConfig(t *testing.T) {
	const class = `{"_class_name":"AutoencoderKL","norm_num_groups":2,`
	golden.BadConfigs(t, ReadConfig, map[string]string{
		`{}`:                                                     `_class_name is ""`,
		class + `"block_out_channels":[3]}`:                      "not a multiple of norm_num_groups",
		class + `"block_out_channels":[]}`:                       "block_out_channels' length is 0",
		class + `"block_out_channels":[2,2]}`:                    "down_block_types has 1 blocks",
		class + `"block_out_channels":"wide"}`:                   "block_out_channels",
		class + `"down_block_types":["AttnDownEncoderBlock2D"]}`: "AttnDownEncoderBlock2D",
		class + `"scaling_factor":0}`:                            "scaling_factor is 0",
		class + `"out_channels":4}`:                              "pictures have 3",
		class + `"latents_mean":[1],"latents_std":[2]}`:          "latents_mean",
		`{"_class_name":"AutoencoderKL","norm_num_groups":0}`:    "norm_num_groups is 0",
	})
}

func TestBadSizes(t *testing.T) {
	start(t)
	e, err := LoadEncoder(folder, ort.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := e.Encode(t.Context(), make([]float32, 3*20*16), 20, 16); err == nil || !strings.Contains(err.Error(), "multiples of 8") {
		t.Errorf("20 rows: %v", err)
	}
	d, err := LoadDecoder(folder, ort.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Decode(t.Context(), make([]float32, 5), 2, 2); err == nil || !strings.Contains(err.Error(), "latents") {
		t.Errorf("5 latents: %v", err)
	}
	if _, err := d.Decode(t.Context(), nil, -1, 2); err == nil {
		t.Error("negative side: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Decode(ctx, make([]float32, 16*4), 2, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestPlainAttention: the spelt-out form gives what the fused one gives.
func TestPlainAttention(t *testing.T) {
	start(t)
	plain := func(c Config, file *safetensors.Checkpoint, _ bool) (onnx.Model, error) {
		return BuildDecoder(c, file, true)
	}
	c, session, err := load(folder, plain, ort.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	d := Decoder{c, session}
	defer d.Close()
	g := golden.Cases(t, "decoded")["dev-square"]
	latents, h, w := last(t, g, c.Factor())
	got, err := d.Decode(t.Context(), latents, h, w)
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "decoded", got, g.Floats(t, "decoded"), tolerance)
}
