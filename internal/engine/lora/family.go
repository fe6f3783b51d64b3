package lora

import "strings"

// flux1 is the one family that can be applied.
const flux1 = "FLUX.1"

// uNet is said where a layer is of a U-Net and nothing shows which.
const uNet = "Stable Diffusion"

// format names the key style, by the first entry that shows one.
func format(entries []entry) string {
	for _, e := range entries {
		switch {
		case strings.Contains(e.stem, ".processor."):
			return "xlabs"
		case strings.HasPrefix(e.stem, "lora_unet_"), strings.HasPrefix(e.stem, "lora_transformer_"):
			return "kohya"
		case strings.Contains(e.stem, "double_blocks."), strings.Contains(e.stem, "single_blocks."), strings.Contains(e.stem, "final_layer."):
			return "bfl"
		case strings.Contains(e.stem, "transformer_blocks."):
			return "diffusers"
		}
	}
	if len(entries) > 0 && strings.HasPrefix(entries[0].stem, "lora_te") {
		return "kohya"
	}
	return "unknown"
}

// base names the model family a file is for, by what it says of itself, else
// by its layers. "" means it does not show.
func base(metadata map[string]string, entries []entry) string {
	for _, key := range []string{"modelspec.architecture", "ss_base_model_version"} {
		value := strings.ToLower(metadata[key])
		for _, family := range []struct{ mark, name string }{
			{"stable-diffusion-xl", "SDXL"}, {"sdxl", "SDXL"}, {"stable-diffusion-v1", "Stable Diffusion 1.5"}, {"sd_v1", "Stable Diffusion 1.5"},
			{"stable-diffusion-v2", "Stable Diffusion 2"}, {"sd_v2", "Stable Diffusion 2"}, {"sd3", "Stable Diffusion 3"}, {"stable-diffusion-3", "Stable Diffusion 3"},
			{"flux-2", "FLUX.2"}, {"flux2", "FLUX.2"}, {"flux", flux1},
		} {
			if strings.Contains(value, family.mark) {
				return family.name
			}
		}
	}
	found := ""
	for _, e := range entries {
		// FLUX.2 shares most names with FLUX.1, so the search goes on.
		if name := familyOf(e); name != "" && (found == "" || found == flux1 || found == uNet) {
			found = name
		}
	}
	return found
}

// familyOf tells the family by one layer's name and sizes.
func familyOf(e entry) string {
	name := flat(e.stem)
	has := func(marks ...string) bool {
		for _, m := range marks {
			if strings.Contains(name, m) {
				return true
			}
		}
		return false
	}
	var in, out int64
	if e.down != nil && e.up != nil && len(e.down.Shape) >= 2 && len(e.up.Shape) >= 1 {
		in, out = e.down.Shape[1], e.up.Shape[0]
	}
	switch {
	case has("down_blocks_", "up_blocks_", "mid_block_", "input_blocks_", "output_blocks_", "middle_block_"): // a U-Net
		switch {
		case has("attn2_to_k", "attn2_to_v") && in == 768:
			return "Stable Diffusion 1.5"
		case has("attn2_to_k", "attn2_to_v") && in == 1024:
			return "Stable Diffusion 2"
		case has("attn2_to_k", "attn2_to_v") && in == 2048, has("input_blocks_", "output_blocks_", "middle_block_"), has("transformer_blocks_2_"):
			return "SDXL"
		}
		return uNet
	case has("to_qkv_mlp_proj", "stream_modulation", "ff_linear_in"):
		return "FLUX.2"
	// FLUX.2's gated single blocks have 3 + 2·3 times their width in, FLUX.1's 3 + 4.
	case has("single_blocks_") && strings.HasSuffix(name, "_linear1") && in > 0 && out == 9*in:
		return "FLUX.2"
	case has("joint_blocks_"):
		return "Stable Diffusion 3"
	case has("single_blocks_", "double_blocks_", "single_transformer_blocks_"):
		return flux1
	}
	return ""
}
