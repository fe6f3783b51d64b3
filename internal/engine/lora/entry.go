package lora

import (
	"slices"
	"strings"

	"easel/internal/engine/safetensors"
)

// entry is the tensors of one adapted layer: file keys that differ only in
// their ending.
type entry struct {
	stem            string // the key without its ending
	down, up, alpha *safetensors.Tensor
}

func (e entry) keys() []string {
	var keys []string
	for _, t := range []*safetensors.Tensor{e.down, e.up, e.alpha} {
		if t != nil {
			keys = append(keys, t.Name)
		}
	}
	return keys
}

// The endings by which PEFT, sd-scripts, old diffusers and XLabs call the two matrices.
var (
	downs = []string{".lora_A.weight", ".lora_A.default.weight", ".lora_down.weight", ".lora.down.weight", ".lora_linear_layer.down.weight", ".down.weight"}
	ups   = []string{".lora_B.weight", ".lora_B.default.weight", ".lora_up.weight", ".lora.up.weight", ".lora_linear_layer.up.weight", ".up.weight"}
)

// group sorts a file's tensors into entries, in alphabetical order of their
// stems. rest are the keys that are no part of a LoRA layer.
func group(file *safetensors.Checkpoint) (entries []entry, rest []string) {
	at := map[string]int{}
	of := func(stem string) *entry {
		i, ok := at[stem]
		if !ok {
			i = len(entries)
			at[stem] = i
			entries = append(entries, entry{stem: stem})
		}
		return &entries[i]
	}
	for _, name := range file.Names() {
		t, _ := file.Tensor(name)
		if stem, ok := cutAny(name, downs); ok {
			of(stem).down = &t
		} else if stem, ok := cutAny(name, ups); ok {
			of(stem).up = &t
		} else if stem, ok := strings.CutSuffix(name, ".alpha"); ok {
			of(stem).alpha = &t
		} else {
			rest = append(rest, name)
		}
	}
	// An alpha alone belongs to a kind of layer that is not LoRA.
	entries = slices.DeleteFunc(entries, func(e entry) bool {
		if e.down == nil && e.up == nil {
			rest = append(rest, e.alpha.Name)
			return true
		}
		return false
	})
	return entries, rest
}

func cutAny(name string, endings []string) (string, bool) {
	for _, ending := range endings {
		if stem, ok := strings.CutSuffix(name, ending); ok {
			return stem, true
		}
	}
	return "", false
}

// others are adapters that are no LoRA, by what their keys contain.
var others = []struct{ mark, kind string }{
	{".dora_scale", "DoRA"}, {".lora_magnitude_vector", "DoRA"}, {".lokr_", "LoKr"}, {".hada_", "LoHa"},
	{".lora_mid.", "LoCon with Tucker decomposition"}, {".oft_", "OFT"}, {".a1.weight", "GLoRA"},
}

// notLoRA names the kind of adapter that keys outside LoRA's endings betray.
func notLoRA(rest []string) string {
	for _, key := range rest {
		for _, other := range others {
			if strings.Contains(key, other.mark) {
				return other.kind
			}
		}
	}
	return ""
}
