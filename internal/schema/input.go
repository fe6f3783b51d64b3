package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Input is a valid request with the defaults filled in.
type Input struct {
	Prompt               string  `json:"prompt"`
	Image                string  `json:"image,omitempty"`
	Mask                 string  `json:"mask,omitempty"`
	AspectRatio          string  `json:"aspect_ratio"`
	Height               *int    `json:"height,omitempty"`
	Width                *int    `json:"width,omitempty"`
	PromptStrength       float64 `json:"prompt_strength"`
	Model                string  `json:"model"`
	NumOutputs           int     `json:"num_outputs"`
	NumInferenceSteps    int     `json:"num_inference_steps"`
	GuidanceScale        float64 `json:"guidance_scale"`
	Seed                 *int64  `json:"seed,omitempty"`
	OutputFormat         string  `json:"output_format"`
	OutputQuality        int     `json:"output_quality"`
	DisableSafetyChecker bool    `json:"disable_safety_checker"`
	GoFast               bool    `json:"go_fast"`
	Megapixels           string  `json:"megapixels"`
	LoraScale            float64 `json:"lora_scale"`
	ExtraLora            string  `json:"extra_lora,omitempty"`
	ExtraLoraScale       float64 `json:"extra_lora_scale"`

	given map[string]bool
}

// Given says whether the caller set the field, rather than the default.
func (in Input) Given(name string) bool { return in.given[name] }

// Parse validates a JSON object of inputs and fills in the defaults.
// Unknown keys are ignored, as on Replicate. The error is an *Invalid that
// lists every field at fault.
func Parse(raw []byte) (Input, error) {
	values, err := validate(raw)
	if err != nil {
		return Input{}, err
	}
	given := make(map[string]bool, len(values))
	for _, f := range inputs {
		if v, ok := values[f.Name]; ok {
			given[f.Name] = true
			values[f.Name] = integral(f, v)
		} else if f.Default != nil {
			values[f.Name] = f.Default
		}
	}
	known, err := json.Marshal(values)
	if err != nil {
		return Input{}, fmt.Errorf("schema.Parse: %w", err)
	}
	in := Input{given: given}
	if err := json.NewDecoder(bytes.NewReader(known)).Decode(&in); err != nil {
		return Input{}, fmt.Errorf("schema.Parse: %w", err)
	}
	return in, crossCheck(in)
}

// integral rewrites an integer such as 2.0 or 1e3, which JSON allows, as Go reads it.
func integral(f Field, v any) any {
	if n, ok := v.(json.Number); ok && f.Type == "integer" {
		if x, err := n.Float64(); err == nil {
			return int64(x) // exact: the range is within ±2⁵³
		}
	}
	return v
}

// crossCheck holds the rules that bind two fields together.
func crossCheck(in Input) error {
	var found []Violation
	if in.Mask != "" && in.Image == "" {
		found = append(found, Violation{"required", "input.image", "image is required when mask is given"})
	}
	if in.AspectRatio == custom && in.Image == "" {
		for name, v := range map[string]*int{"width": in.Width, "height": in.Height} {
			if v == nil {
				found = append(found, Violation{"required", "input." + name, name + " is required when aspect_ratio is custom"})
			}
		}
	}
	return invalid(found)
}
