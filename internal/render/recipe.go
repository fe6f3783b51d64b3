package render

import (
	"encoding/json"
	"fmt"

	"easel/internal/picture"
	"easel/internal/schema"
)

// Identity names what draws, for the recipe inside each picture.
type Identity struct {
	Program string // version of Easel
	Model   string // owner/name
	Weights string // the model's version id
	Runtime string // what computes, with its version
	Device  string // what it computes on
}

// recipe is what makes one picture again: the whole input with its defaults,
// for this picture alone.
func (i Identity) recipe(in schema.Input, seed int64, s *source, used []LoRA) (picture.Recipe, error) {
	in.Seed, in.NumOutputs = &seed, 1
	raw, err := json.Marshal(in)
	if err != nil {
		return picture.Recipe{}, fmt.Errorf("recipe: %w", err)
	}
	clean, err := picture.CleanInput(raw, s.files())
	if err != nil {
		return picture.Recipe{}, fmt.Errorf("recipe: %w", err)
	}
	r := i.Recipe(used)
	r.Seed, r.Input = seed, clean
	return r, nil
}

// Recipe is what every recipe tells of who draws, and with which LoRAs.
func (i Identity) Recipe(used []LoRA) picture.Recipe {
	r := picture.Recipe{Version: i.Program, Model: i.Model, Weights: i.Weights, Runtime: i.Runtime, Device: i.Device}
	for _, l := range used {
		r.LoRAs = append(r.LoRAs, picture.RecipeLoRA{SHA256: l.SHA256, Scale: l.Scale})
	}
	return r
}
