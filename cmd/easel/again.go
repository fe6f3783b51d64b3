package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"easel/internal/picture"
	"easel/internal/render"
	"easel/internal/schema"
)

// earlier is a picture that is drawn again.
type earlier struct {
	recipe  picture.Recipe
	differs []string // what it began with otherwise
	extra   string   // SHA-256 of its extra LoRA; "": it had none, or another is wanted
}

// again reads the recipe inside a picture as an input to draw it by. Pictures
// that it started from are known by their sum only: given must name them.
func again(path string, given map[string]any) (input map[string]any, old earlier, err error) {
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

// drawnOtherwise says what drew a picture otherwise than it was drawn now.
func drawnOtherwise(then picture.Recipe, i render.Identity, now []render.LoRA) (differs []string) {
	if then.Version == "" {
		return []string{"the picture was drawn by another program, of whose settings only the prompt, size, steps, guidance and seed are taken"}
	}
	for _, d := range then.Differences(i.Recipe(now)) {
		differs = append(differs, d.String())
	}
	return differs
}
