package lora

import (
	"math"
	"testing"

	"easel/internal/engine/safetensors"
)

// TestPrefixes writes one layer under every prefix and ending in use.
func TestPrefixes(t *testing.T) {
	_, layers := readReference(t)
	for _, c := range []struct{ stem, down, up, layer string }{
		{"transformer_blocks.1.attn.to_q", ".lora_A.weight", ".lora_B.weight", "transformer.transformer_blocks.1.attn.to_q"},
		{"transformer.transformer_blocks.1.attn.to_q", ".lora.down.weight", ".lora.up.weight", "transformer.transformer_blocks.1.attn.to_q"},
		{"base_model.model.transformer_blocks.1.attn.to_q", ".lora_A.default.weight", ".lora_B.default.weight", "transformer.transformer_blocks.1.attn.to_q"},
		{"base_model.model.transformer.transformer_blocks.1.attn.to_q", ".lora_A.weight", ".lora_B.weight", "transformer.transformer_blocks.1.attn.to_q"},
		{"lora_transformer_transformer_blocks_1_attn_to_out_0", ".lora_down.weight", ".lora_up.weight", "transformer.transformer_blocks.1.attn.to_out.0"},
		{"lora_transformer_single_transformer_blocks_1_proj_out", ".lora_down.weight", ".lora_up.weight", "transformer.single_transformer_blocks.1.proj_out"},
		{"lycoris_transformer_blocks_1_attn_to_v", ".lora_down.weight", ".lora_up.weight", "transformer.transformer_blocks.1.attn.to_v"},
		{"model.diffusion_model.double_blocks.1.txt_attn.proj", ".lora_A.weight", ".lora_B.weight", "transformer.transformer_blocks.1.attn.to_add_out"},
		{"double_blocks.1.img_mod.lin", ".lora_A.weight", ".lora_B.weight", "transformer.transformer_blocks.1.norm1.linear"},
		{"diffusion_model.img_in", ".lora_A.weight", ".lora_B.weight", "transformer.x_embedder"},
		{"lora_unet_txt_in", ".lora_down.weight", ".lora_up.weight", "transformer.context_embedder"},
		{"lora_unet_time_in_in_layer", ".lora_down.weight", ".lora_up.weight", "transformer.time_text_embed.timestep_embedder.linear_1"},
		{"diffusion_model.guidance_in.out_layer", ".lora_A.weight", ".lora_B.weight", "transformer.time_text_embed.guidance_embedder.linear_2"},
		{"diffusion_model.vector_in.in_layer", ".lora_A.weight", ".lora_B.weight", "transformer.time_text_embed.text_embedder.linear_1"},
		{"lora_te_text_model_encoder_layers_1_mlp_fc1", ".lora_down.weight", ".lora_up.weight", "text_encoder.text_model.encoder.layers.1.mlp.fc1"},
		{"text_encoders.clip_l.transformer.text_model.encoder.layers.1.mlp.fc2", ".lora_down.weight", ".lora_up.weight", "text_encoder.text_model.encoder.layers.1.mlp.fc2"},
	} {
		l, ok := layers[c.layer]
		if !ok {
			t.Fatalf("no layer %s", c.layer)
		}
		a, err := Load(write(t, map[string][]int64{c.stem + c.down: {2, int64(l.In)}, c.stem + c.up: {int64(l.Out), 2}}, nil), layers)
		if err != nil {
			t.Errorf("%s: %v", c.stem, err)
			continue
		}
		if d, ok := a.Deltas[c.layer]; !ok || len(a.Deltas) != 1 || d.Rank != 2 {
			t.Errorf("%s goes to %v", c.stem, a.Report.Blocks)
		}
	}
}

// TestFinalModulationSwapsItsHalves: BFL's order is shift, scale; diffusers' is scale, shift.
func TestFinalModulationSwapsItsHalves(t *testing.T) {
	layers := Layers{"transformer.norm_out.linear": {In: 1, Out: 4}}
	path := save(t, []safetensors.Data{
		safetensors.NewF32("diffusion_model.final_layer.adaLN_modulation.1.lora_A.weight", []float32{1}, 1, 1),
		safetensors.NewF32("diffusion_model.final_layer.adaLN_modulation.1.lora_B.weight", []float32{1, 2, 3, 4}, 4, 1),
	}, nil)
	a, err := Load(path, layers)
	if err != nil {
		t.Fatal(err)
	}
	if b := a.Deltas["transformer.norm_out.linear"].B; b[0] != 3 || b[1] != 4 || b[2] != 1 || b[3] != 2 {
		t.Errorf("%v", b)
	}
}

func TestScaling(t *testing.T) {
	layers := Layers{"transformer.proj_out": {In: 1, Out: 1}, "transformer.transformer_blocks.0.attn.to_q": {In: 1, Out: 1}}
	pair := func(stem string) []safetensors.Data {
		return []safetensors.Data{
			safetensors.NewF32(stem+".lora_A.weight", []float32{1, 1, 1, 1}, 4, 1),
			safetensors.NewF32(stem+".lora_B.weight", []float32{1, 1, 1, 1}, 1, 4),
		}
	}
	alpha := func(v float32) safetensors.Data {
		return safetensors.NewF32("transformer.proj_out.alpha", []float32{v})
	}
	for name, c := range map[string]struct {
		extra    []safetensors.Data
		metadata string
		want     float64 // of proj_out, whose product is 4 at factor 1
	}{
		"nothing said":    {nil, "", 4},
		"alpha":           {[]safetensors.Data{alpha(2)}, "", 2},
		"negative alpha":  {[]safetensors.Data{alpha(-4)}, "", -4},
		"peft's":          {nil, `{"transformer.r":4,"transformer.lora_alpha":8}`, 8},
		"peft's pattern":  {nil, `{"transformer.lora_alpha":8,"transformer.alpha_pattern":{"proj_out":1}}`, 1},
		"another's":       {nil, `{"transformer.lora_alpha":8,"transformer.alpha_pattern":{"attn.to_q":1}}`, 8},
		"rslora":          {nil, `{"transformer.lora_alpha":8,"transformer.use_rslora":true}`, 16},
		"alpha before it": {[]safetensors.Data{alpha(1)}, `{"transformer.lora_alpha":8}`, 1},
		"damaged":         {nil, `{"transformer.lora_alpha":`, 4},
	} {
		tensors := append(append(pair("transformer.proj_out"), pair("transformer.transformer_blocks.0.attn.to_q")...), c.extra...)
		a, err := Load(save(t, tensors, map[string]string{"lora_adapter_metadata": c.metadata}), layers)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, d := 0.0, a.Deltas["transformer.proj_out"]
		for k := range d.Rank {
			got += float64(d.A[k] * d.B[k])
		}
		if math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%s: %g, want %g", name, got, c.want)
		}
	}
}
