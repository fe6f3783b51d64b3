package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"easel/internal/picture"
	"easel/internal/render"
	"easel/internal/schema"
)

// earlier is a picture that is drawn again.
type earlier struct {
	recipe  picture.Recipe
	differs []string // what this machine has otherwise
	extra   string   // SHA-256 of its extra LoRA; "": it had none, or another is wanted
}

// again reads the recipe inside a picture as an input to draw it by. Pictures
// that it started from are known by their sum only: given must name them.
func again(path string, given map[string]any, weights string) (input map[string]any, old earlier, err error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, old, err
	}
	recipe, err := picture.ReadRecipe(file)
	if err != nil {
		return nil, old, fmt.Errorf("--from %s: %w", path, err)
	}
	if err := json.Unmarshal(recipe.Input, &input); err != nil {
		return nil, old, fmt.Errorf("--from %s: its recipe is damaged: %w", path, err)
	}
	old.recipe = recipe
	for name, value := range input { // what is as it would be anyway was not asked for
		if f, ok := schema.Lookup(name); ok && fmt.Sprint(f.Default) == fmt.Sprint(value) {
			delete(input, name)
		}
	}
	old.differs = otherMaker(recipe, weights)
	var missing []error
	for _, name := range []string{"image", "mask"} {
		sum, ok := input[name].(string)
		if !ok {
			continue
		}
		own, ok := given[name].(string)
		if !ok {
			missing = append(missing, fmt.Errorf("--from %s: it began with a picture that is not inside it; give it: -i %s=FILE (%s)", path, name, sum))
			continue
		}
		if u, err := url.Parse(own); err == nil && u.Scheme == "file" { // what is fetched is not compared
			data, err := os.ReadFile(filepath.FromSlash(u.Path))
			if err == nil && fmt.Sprintf("sha256:%x", sha256.Sum256(data)) != sum {
				old.differs = append(old.differs, fmt.Sprintf("%s is another picture than the one it began with", name))
			}
		}
	}
	if n := len(recipe.LoRAs); n > 0 && input["extra_lora"] != nil && input["extra_lora_scale"] != 0.0 && given["extra_lora"] == nil {
		old.extra = recipe.LoRAs[n-1].SHA256 // the main LoRA comes first
	}
	for name, value := range given {
		input[name] = value
	}
	return input, old, errors.Join(missing...)
}

// otherMaker says whether a picture was drawn by something else than this.
func otherMaker(recipe picture.Recipe, weights string) (differs []string) {
	if recipe.Version == "" {
		return []string{"the picture was drawn by another program, of whose settings only the prompt, size, steps, guidance and seed are taken"}
	}
	if recipe.Weights != weights {
		differs = append(differs, fmt.Sprintf("the picture was drawn by %s (%.12s), not by this model (%.12s)", recipe.Model, recipe.Weights, weights))
	}
	if recipe.Version != program {
		differs = append(differs, fmt.Sprintf("the picture was drawn by Easel %s, this is %s", recipe.Version, program))
	}
	return differs
}

// otherLoRAs says whether a picture was drawn with other LoRA files, or scales, than now.
func otherLoRAs(then []picture.RecipeLoRA, now []render.LoRA) []string {
	same := func(a picture.RecipeLoRA, b render.LoRA) bool { return a.SHA256 == b.SHA256 && a.Scale == b.Scale }
	if slices.EqualFunc(then, now, same) {
		return nil
	}
	return []string{"the picture was drawn with other LoRA files, or other scales of them"}
}
