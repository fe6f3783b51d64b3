package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"easel/internal/picture"
	"easel/internal/render"
	"easel/internal/schema"
)

// again reads the recipe inside a picture as an input to draw it by, and says
// what of it this machine has otherwise. Pictures that it started from are
// known by their sum only: given must name them.
func again(path string, given map[string]any, weights string) (input map[string]any, recipe picture.Recipe, differs []string, err error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, recipe, nil, err
	}
	recipe, err = picture.ReadRecipe(file)
	if err != nil {
		return nil, recipe, nil, fmt.Errorf("--from %s: %w", path, err)
	}
	if err := json.Unmarshal(recipe.Input, &input); err != nil {
		return nil, recipe, nil, fmt.Errorf("--from %s: its recipe is damaged: %w", path, err)
	}
	for name, value := range input { // what is as it would be anyway was not asked for
		if f, ok := schema.Lookup(name); ok && fmt.Sprint(f.Default) == fmt.Sprint(value) {
			delete(input, name)
		}
	}
	if recipe.Weights != weights {
		differs = append(differs, fmt.Sprintf("the picture was drawn by %s (%.12s), not by this model (%.12s)", recipe.Model, recipe.Weights, weights))
	}
	if recipe.Version != program {
		differs = append(differs, fmt.Sprintf("the picture was drawn by Easel %s, this is %s", recipe.Version, program))
	}
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
		if data, err := os.ReadFile(strings.TrimPrefix(own, "file://")); err == nil {
			if got := fmt.Sprintf("sha256:%x", sha256.Sum256(data)); got != sum {
				differs = append(differs, fmt.Sprintf("%s is another picture than the one it began with", name))
			}
		}
	}
	for name, value := range given {
		input[name] = value
	}
	return input, recipe, differs, errors.Join(missing...)
}

// otherLoRAs says whether a picture was drawn with other LoRA files, or scales, than now.
func otherLoRAs(then []picture.RecipeLoRA, now []render.LoRA) []string {
	same := func(a picture.RecipeLoRA, b render.LoRA) bool { return a.SHA256 == b.SHA256 && a.Scale == b.Scale }
	if slices.EqualFunc(then, now, same) {
		return nil
	}
	return []string{"the picture was drawn with other LoRA files, or other scales of them"}
}
