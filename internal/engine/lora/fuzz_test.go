package lora

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/engine/safetensors"
)

// FuzzLoad gives files with any names, metadata and bytes. What is taken must
// fit the layers it is for, what is not must say why in one sentence.
func FuzzLoad(f *testing.F) {
	_, layers := readReference(f)
	for _, style := range []string{"xlabs", "peft_alpha"} {
		whole, err := os.ReadFile(styleFile(style))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(whole)
	}
	for _, metadata := range []string{`{"transformer.lora_alpha":8,"transformer.alpha_pattern":{"proj_out":1},"transformer.use_rslora":true}`, `{"transformer`} {
		var b bytes.Buffer
		err := safetensors.Write(&b, []safetensors.Data{
			safetensors.NewF32("lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", values(32), 1, 32),
			safetensors.NewF32("lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight", values(96), 96, 1),
			safetensors.NewF32("lora_unet_double_blocks_0_img_attn_qkv.alpha", []float32{2}),
			safetensors.NewF32("transformer.proj_out.lora_A.weight", values(64), 2, 32),
			safetensors.NewF32("transformer.proj_out.lora_B.weight", values(128), 64, 2),
		}, map[string]string{"lora_adapter_metadata": metadata, "trigger_words": "a, b", "ss_base_model_version": "flux1"})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	path := filepath.Join(f.TempDir(), "fuzz.safetensors")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		a, err := Load(path, layers)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), path) {
				t.Errorf("the error is %q", err)
			}
			return
		}
		for name, d := range Merge([]*Adapter{a, a}, []float64{1, -0.5}) {
			if l := layers[name]; d.Layer != l || len(d.A) != l.In*d.Rank || len(d.B) != l.Out*d.Rank {
				t.Errorf("%s is %+v with %d and %d values, the layer %+v", name, d.Layer, len(d.A), len(d.B), l)
			}
		}
		_ = a.Report.String()
	})
}
