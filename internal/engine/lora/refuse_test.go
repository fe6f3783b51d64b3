package lora

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/engine/safetensors"
)

// values are n numbers that differ and are not nought.
func values(n int64) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i%7) + 0.5
	}
	return v
}

// write makes a file of float32 tensors with these shapes.
func write(t testing.TB, shapes map[string][]int64, metadata map[string]string) string {
	t.Helper()
	var tensors []safetensors.Data
	for name, shape := range shapes {
		n := int64(1)
		for _, d := range shape {
			n *= d
		}
		tensors = append(tensors, safetensors.NewF32(name, values(n), shape...))
	}
	return save(t, tensors, metadata)
}

func save(t testing.TB, tensors []safetensors.Data, metadata map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "file.safetensors")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// kohyaPair is one layer in sd-scripts' form.
func kohyaPair(stem string, in, out, rank int64) map[string][]int64 {
	return map[string][]int64{stem + ".lora_down.weight": {rank, in}, stem + ".lora_up.weight": {out, rank}, stem + ".alpha": {}}
}

func TestWhatCannotBeAppliedIsRefusedByName(t *testing.T) {
	_, layers := readReference(t)
	with := func(shapes map[string][]int64, name string, shape ...int64) map[string][]int64 {
		shapes[name] = shape
		return shapes
	}
	const q = "transformer.transformer_blocks.0.attn.to_q"
	for name, c := range map[string]struct {
		shapes   map[string][]int64
		metadata map[string]string
		want     string
	}{
		"sd 1.5":          {kohyaPair("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", 768, 320, 4), nil, "Stable Diffusion 1.5"},
		"sd 2":            {kohyaPair("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", 1024, 320, 4), nil, "Stable Diffusion 2"},
		"sdxl":            {kohyaPair("lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k", 2048, 640, 4), nil, "SDXL"},
		"sdxl, sgm names": {kohyaPair("lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q", 640, 640, 4), nil, "SDXL"},
		"sd, by metadata": {kohyaPair("lora_unet_conv_in", 4, 320, 4), map[string]string{"ss_base_model_version": "sd_v1"}, "Stable Diffusion 1.5"},
		"a u-net":         {kohyaPair("lora_unet_mid_block_attentions_0_proj_in", 1280, 1280, 4), nil, "Stable Diffusion"},
		"sd 3":            {kohyaPair("lora_unet_joint_blocks_0_x_block_attn_qkv", 1536, 4608, 4), nil, "Stable Diffusion 3"},
		"flux 2":          {with(kohyaPair("lora_unet_double_blocks_0_img_attn_proj", 32, 32, 4), "lora_unet_single_blocks_0_linear1.lora_down.weight", 2, 32), nil, "one of its two matrices"},
		"flux 2, bfl":     {merge(kohyaPair("lora_unet_double_blocks_0_img_attn_proj", 32, 32, 4), kohyaPair("lora_unet_single_blocks_0_linear1", 32, 288, 4)), nil, "FLUX.2"},
		"flux 2, diffusers": {map[string][]int64{"transformer.single_transformer_blocks.0.attn.to_qkv_mlp_proj.lora_A.weight": {2, 32},
			"transformer.single_transformer_blocks.0.attn.to_qkv_mlp_proj.lora_B.weight": {288, 2}}, nil, "FLUX.2"},
		"dora":         {with(kohyaPair("lora_unet_double_blocks_0_img_attn_proj", 32, 32, 4), "lora_unet_double_blocks_0_img_attn_proj.dora_scale", 32), nil, "DoRA"},
		"peft's dora":  {with(map[string][]int64{q + ".lora_A.weight": {2, 32}, q + ".lora_B.weight": {32, 2}}, q+".lora_magnitude_vector", 32), nil, "DoRA"},
		"lokr":         {map[string][]int64{"lora_unet_double_blocks_0_img_attn_proj.lokr_w1": {4, 4}, "lora_unet_double_blocks_0_img_attn_proj.lokr_w2": {8, 8}, "lora_unet_double_blocks_0_img_attn_proj.alpha": {}}, nil, "LoKr"},
		"loha":         {map[string][]int64{"lora_unet_double_blocks_0_img_attn_proj.hada_w1_a": {4, 4}}, nil, "LoHa"},
		"a model":      {map[string][]int64{"transformer_blocks.0.attn.to_q.weight": {32, 32}}, nil, "whole model"},
		"nothing":      {map[string][]int64{}, nil, "whole model"},
		"no match":     {kohyaPair("lora_unet_blocks_7_something", 32, 32, 4), nil, "none of the file's 3 keys matches"},
		"too deep":     {kohyaPair("lora_unet_double_blocks_18_img_attn_proj", 32, 32, 4), nil, "none of the file's 3 keys matches"},
		"wide":         {kohyaPair("lora_unet_double_blocks_0_img_attn_proj", 3072, 3072, 4), nil, "3072×3072"},
		"ranks differ": {map[string][]int64{q + ".lora_A.weight": {2, 32}, q + ".lora_B.weight": {32, 3}}, nil, "rank 2 in one matrix and 3"},
		"rank nought":  {map[string][]int64{q + ".lora_A.weight": {0, 32}, q + ".lora_B.weight": {32, 0}}, nil, "rank 0"},
		"half":         {map[string][]int64{q + ".lora_A.weight": {2, 32}}, nil, "one of its two matrices"},
		"a cube":       {map[string][]int64{q + ".lora_A.weight": {2, 32, 3, 3}, q + ".lora_B.weight": {32, 2, 1, 1}}, nil, "shape"},
		"alphas":       {map[string][]int64{q + ".lora_A.weight": {2, 32}, q + ".lora_B.weight": {32, 2}, q + ".alpha": {3}}, nil, "not one number"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Load(write(t, c.shapes, c.metadata), layers)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.ContainsAny(err.Error(), "\n/") {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if a == nil || len(a.Deltas) > 0 || a.Report.Keys != len(c.shapes) {
				t.Errorf("the error comes with %+v", a)
			}
		})
	}
}

func merge(a, b map[string][]int64) map[string][]int64 {
	for k, v := range b {
		a[k] = v
	}
	return a
}

func TestNaNIsRefused(t *testing.T) {
	_, layers := readReference(t)
	bad := values(64)
	bad[3] = float32(math.NaN())
	path := save(t, []safetensors.Data{
		safetensors.NewF32("transformer.proj_out.lora_A.weight", bad, 2, 32),
		safetensors.NewF32("transformer.proj_out.lora_B.weight", values(128), 64, 2),
	}, nil)
	if _, err := Load(path, layers); err == nil || !strings.Contains(err.Error(), "not numbers") {
		t.Error(err)
	}
}

func TestDamagedFiles(t *testing.T) {
	_, layers := readReference(t)
	whole, err := os.ReadFile(styleFile("xlabs"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.safetensors")
	for _, n := range []int{0, 1, 8, 100, len(whole) / 2, len(whole) - 1} {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path, layers); err == nil || strings.ContainsAny(err.Error(), "\n/") {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestPartOfAFileMayNotMatch(t *testing.T) {
	_, layers := readReference(t)
	shapes := merge(kohyaPair("lora_unet_double_blocks_0_img_attn_proj", 32, 32, 4), kohyaPair("lora_unet_double_blocks_9_img_attn_proj", 32, 32, 4))
	shapes["lora_unet_double_blocks_0_norm.diff"] = []int64{4}
	a, err := Load(write(t, shapes, nil), layers)
	if err != nil {
		t.Fatal(err)
	}
	if a.Report.Matched != 3 || len(a.Report.Unmatched) != 4 || len(a.Deltas) != 1 || !strings.Contains(a.Report.String(), "double_blocks_9") {
		t.Errorf("%+v", a.Report)
	}
}
