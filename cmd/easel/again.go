package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"easel/internal/picture"
)

// again reads the recipe inside a picture as an input to draw it by, and says
// what of it this machine has otherwise. Pictures that it started from are
// known by their sum only: given must name them.
func again(path string, given map[string]any, weights string) (input map[string]any, differs []string, err error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	recipe, err := picture.ReadRecipe(file)
	if err != nil {
		return nil, nil, fmt.Errorf("--from %s: %w", path, err)
	}
	if err := json.Unmarshal(recipe.Input, &input); err != nil {
		return nil, nil, fmt.Errorf("--from %s: its recipe is damaged: %w", path, err)
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
	return input, differs, errors.Join(missing...)
}
