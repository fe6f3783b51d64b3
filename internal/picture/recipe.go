package picture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Recipe is what makes a picture again, carried inside its file. It holds
// nothing of who made it, when, or from where: see CleanInput.
type Recipe struct {
	Version string          `json:"easel"` // of the program
	Model   string          `json:"model"` // owner/name
	Weights string          `json:"weights,omitempty"`
	Runtime string          `json:"runtime,omitempty"` // what computed it, with its version
	Device  string          `json:"device,omitempty"`  // what it was computed on
	Seed    int64           `json:"seed"`              // this picture's own
	Input   json.RawMessage `json:"input,omitempty"`   // from CleanInput
	LoRAs   []RecipeLoRA    `json:"loras,omitempty"`
}

// RecipeLoRA is one adapter that was applied.
type RecipeLoRA struct {
	SHA256 string  `json:"sha256"`
	Scale  float64 `json:"scale"` // as applied
}

// ErrNoRecipe means a file carries no recipe that Easel can read.
var ErrNoRecipe = errors.New("the picture carries no recipe")

// recipeKey is the keyword of the PNG text chunk.
const recipeKey = "easel"

// Embed puts a recipe into a finished PNG, JPEG or WebP file, in place of any
// that is there; the compressed pixels stay as they are. A JPEG has room for
// 65,000 bytes; more is an error.
func Embed(file []byte, recipe Recipe) ([]byte, error) {
	text, err := canonical(recipe)
	if err != nil {
		return nil, fmt.Errorf("embed recipe: %w", err)
	}
	kind, parts, err := split(file)
	if err != nil {
		return nil, fmt.Errorf("embed recipe: %w", err)
	}
	parts = without(parts, func(p part) bool { return recipeIn(kind, p) != nil })
	switch kind {
	case "png":
		parts = insert(parts, 1, part{"iTXt", pngText(recipeKey, text)}) // after IHDR
	case "jpeg":
		at := 0
		if len(parts) > 0 && parts[0].kind == "APP0" {
			at = 1 // JFIF stays first
		}
		parts = insert(parts, at, part{"APP1", append([]byte(xmpHeader), xmpPacket(text)...)})
	case "webp":
		parts = append(parts, part{"XMP ", xmpPacket(text)})
	}
	out, err := join(kind, parts)
	if err != nil {
		return nil, fmt.Errorf("embed recipe: %w", err)
	}
	return out, nil
}

// ReadRecipe returns the recipe a file carries: Easel's own, or else what the
// text that Automatic1111 and its kin write says. ErrNoRecipe if there is none.
func ReadRecipe(file []byte) (Recipe, error) {
	kind, parts, err := split(file)
	if err != nil {
		return Recipe{}, fmt.Errorf("read recipe: %w", err)
	}
	for _, p := range parts {
		if text := recipeIn(kind, p); text != nil {
			var r Recipe
			if err := json.Unmarshal(text, &r); err != nil {
				return Recipe{}, fmt.Errorf("read recipe: it is damaged: %w", err)
			}
			return r, nil
		}
	}
	if text := parametersIn(kind, parts); text != "" {
		if r, ok := ReadParameters(text); ok {
			return r, nil
		}
	}
	return Recipe{}, ErrNoRecipe
}

// Strip takes every text, EXIF and XMP block out of a file and leaves the
// pixels and the colour profile. It is for files that go to strangers.
func Strip(file []byte) ([]byte, error) {
	kind, parts, err := split(file)
	if err != nil {
		return nil, fmt.Errorf("strip: %w", err)
	}
	private := map[string]bool{
		"tEXt": true, "zTXt": true, "iTXt": true, "eXIf": true, "tIME": true, // PNG
		"APP1": true, "APP13": true, "COM": true, // JPEG
		"EXIF": true, "XMP ": true, // WebP
	}
	return join(kind, without(parts, func(p part) bool { return private[p.kind] }))
}

// recipeIn returns the recipe's JSON if p is the part that holds it.
func recipeIn(kind string, p part) []byte {
	switch {
	case kind == "png" && p.kind == "iTXt":
		if key, text := parsePNGText(p); key == recipeKey {
			return []byte(text)
		}
	case kind == "jpeg" && p.kind == "APP1" && bytes.HasPrefix(p.data, []byte(xmpHeader)):
		return xmpRecipe(p.data[len(xmpHeader):])
	case kind == "webp" && p.kind == "XMP ":
		return xmpRecipe(p.data)
	}
	return nil
}

// canonical is JSON with sorted keys and no white space, so that equal recipes are equal bytes.
func canonical(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // keep 64-bit seeds whole
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(tree); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func insert(parts []part, at int, p part) []part {
	out := append([]part(nil), parts[:at]...)
	return append(append(out, p), parts[at:]...)
}

func without(parts []part, drop func(part) bool) []part {
	var out []part
	for _, p := range parts {
		if !drop(p) {
			out = append(out, p)
		}
	}
	return out
}
