package lora

import (
	"regexp"
	"strings"
)

// target is where an entry goes: one layer, or several that the entry's key
// has as one fused layer, in the order of its outputs.
type target struct {
	layers []string // names of Layers
	swap   bool     // the two halves of the outputs change places
}

// aliases are all the names by which a file may call a model's layers. Dots
// and underscores are one, because sd-scripts writes every dot as an underscore.
type aliases map[string]target

// blockAliases are BFL's and XLabs' names inside a block, against diffusers'.
// A fused layer lists its parts.
var blockAliases = map[string]map[string][]string{
	"transformer_blocks": {
		"double_blocks.#.img_attn.qkv":         {"attn.to_q", "attn.to_k", "attn.to_v"},
		"double_blocks.#.img_attn.proj":        {"attn.to_out.0"},
		"double_blocks.#.img_mlp.0":            {"ff.net.0.proj"},
		"double_blocks.#.img_mlp.2":            {"ff.net.2"},
		"double_blocks.#.img_mod.lin":          {"norm1.linear"},
		"double_blocks.#.txt_attn.qkv":         {"attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"},
		"double_blocks.#.txt_attn.proj":        {"attn.to_add_out"},
		"double_blocks.#.txt_mlp.0":            {"ff_context.net.0.proj"},
		"double_blocks.#.txt_mlp.2":            {"ff_context.net.2"},
		"double_blocks.#.txt_mod.lin":          {"norm1_context.linear"},
		"double_blocks.#.processor.qkv_lora1":  {"attn.to_q", "attn.to_k", "attn.to_v"},
		"double_blocks.#.processor.proj_lora1": {"attn.to_out.0"},
		"double_blocks.#.processor.qkv_lora2":  {"attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"},
		"double_blocks.#.processor.proj_lora2": {"attn.to_add_out"},
	},
	"single_transformer_blocks": {
		"single_blocks.#.linear1":             {"attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"},
		"single_blocks.#.linear2":             {"proj_out"},
		"single_blocks.#.modulation.lin":      {"norm.linear"},
		"single_blocks.#.processor.qkv_lora":  {"attn.to_q", "attn.to_k", "attn.to_v"},
		"single_blocks.#.processor.proj_lora": {"proj_out"},
	},
}

// outerAliases are BFL's names outside the blocks.
var outerAliases = map[string]string{
	"img_in":                         "x_embedder",
	"txt_in":                         "context_embedder",
	"time_in.in_layer":               "time_text_embed.timestep_embedder.linear_1",
	"time_in.out_layer":              "time_text_embed.timestep_embedder.linear_2",
	"vector_in.in_layer":             "time_text_embed.text_embedder.linear_1",
	"vector_in.out_layer":            "time_text_embed.text_embedder.linear_2",
	"guidance_in.in_layer":           "time_text_embed.guidance_embedder.linear_1",
	"guidance_in.out_layer":          "time_text_embed.guidance_embedder.linear_2",
	"final_layer.linear":             "proj_out",
	"final_layer.adaLN_modulation.1": "norm_out.linear",
}

var block = regexp.MustCompile(`^transformer\.((?:single_)?transformer_blocks)\.(\d+)\.`)

func newAliases(layers Layers) aliases {
	a := aliases{}
	seen := map[string]bool{}
	for name := range layers {
		a.set(name, target{layers: []string{name}})
		m := block.FindStringSubmatch(name)
		if m == nil || seen[m[0]] {
			continue
		}
		seen[m[0]] = true
		for alias, parts := range blockAliases[m[1]] {
			to := target{}
			for _, part := range parts {
				to.layers = append(to.layers, m[0]+part)
			}
			a.set("transformer."+strings.Replace(alias, "#", m[2], 1), to)
		}
	}
	for alias, name := range outerAliases {
		// BFL's final modulation is shift then scale, diffusers' scale then shift.
		a.set("transformer."+alias, target{[]string{"transformer." + name}, name == "norm_out.linear"})
	}
	for alias, to := range a { // a fused layer counts only whole
		for _, name := range to.layers {
			if _, ok := layers[name]; !ok {
				delete(a, alias)
			}
		}
	}
	return a
}

func (a aliases) set(name string, to target) { a[flat(name)] = to }

// find looks a file's stem up, whatever prefix its writer uses.
func (a aliases) find(stem string) (target, bool) {
	stem = strings.TrimPrefix(stem, "base_model.model.")
	component := "transformer."
	for _, p := range []struct{ prefix, component string }{
		{"transformer.", "transformer."}, {"diffusion_model.", "transformer."}, {"model.diffusion_model.", "transformer."},
		{"lora_unet_", "transformer."}, {"lora_transformer_", "transformer."}, {"lycoris_", "transformer."},
		{"text_encoder.", "text_encoder."}, {"lora_te_", "text_encoder."}, {"lora_te1_", "text_encoder."}, {"text_encoders.clip_l.transformer.", "text_encoder."},
		{"text_encoder_2.", "text_encoder_2."}, {"lora_te2_", "text_encoder_2."}, {"lora_te3_", "text_encoder_2."}, {"text_encoders.t5xxl.transformer.", "text_encoder_2."},
	} {
		if bare, ok := strings.CutPrefix(stem, p.prefix); ok {
			stem, component = bare, p.component
			break
		}
	}
	to, ok := a[flat(component+stem)]
	return to, ok
}

func flat(name string) string { return strings.ReplaceAll(name, ".", "_") }
