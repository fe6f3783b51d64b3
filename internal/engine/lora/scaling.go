package lora

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// scaling is how strongly a file's layers count at scale 1: alpha/rank, where
// alpha is a tensor beside each layer, or PEFT's configuration in the file's
// metadata, or else the rank.
type scaling map[string]peftConfig // by component

// peftConfig is the part of PEFT's LoraConfig that matters here.
type peftConfig struct {
	Alpha    float64            `json:"lora_alpha"`
	Patterns map[string]float64 `json:"alpha_pattern"`
	RSLoRA   bool               `json:"use_rslora"`
}

// newScaling reads diffusers' "lora_adapter_metadata": one JSON object with
// "component.setting" keys. What is damaged counts as absent.
func newScaling(metadata map[string]string) scaling {
	var flatKeys map[string]json.RawMessage
	if json.Unmarshal([]byte(metadata["lora_adapter_metadata"]), &flatKeys) != nil {
		return nil
	}
	nested := map[string]map[string]json.RawMessage{}
	for key, value := range flatKeys {
		component, setting, ok := strings.Cut(key, ".")
		if !ok {
			continue
		}
		if nested[component] == nil {
			nested[component] = map[string]json.RawMessage{}
		}
		nested[component][setting] = value
	}
	s := scaling{}
	for component, settings := range nested {
		raw, err := json.Marshal(settings)
		var c peftConfig
		if err == nil && json.Unmarshal(raw, &c) == nil {
			s[component] = c
		}
	}
	return s
}

// factor is what an entry's product is multiplied by.
func (s scaling) factor(e entry, layer string, rank int) (float32, error) {
	if e.alpha != nil {
		values, err := e.alpha.Float32s()
		if err != nil {
			return 0, err
		}
		if len(values) != 1 || !finite(values) {
			return 0, fmt.Errorf("%q is not one number", e.alpha.Name)
		}
		return values[0] / float32(rank), nil
	}
	component, name, _ := strings.Cut(layer, ".")
	c := s[component]
	alpha := c.Alpha
	for pattern, a := range c.Patterns { // a key is a layer's name or its ending
		if name == pattern || strings.HasSuffix(name, "."+pattern) {
			alpha = a
		}
	}
	switch {
	case alpha == 0:
		return 1, nil
	case c.RSLoRA:
		return float32(alpha / math.Sqrt(float64(rank))), nil
	}
	return float32(alpha / float64(rank)), nil
}
