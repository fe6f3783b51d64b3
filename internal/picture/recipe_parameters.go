package picture

import (
	"encoding/binary"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// parametersIn returns the generation parameters that Automatic1111 and many
// others write: PNG text under "parameters", or the EXIF user comment.
func parametersIn(kind string, parts []part) string {
	if kind == "png" {
		for _, p := range parts {
			if key, text := parsePNGText(p); key == "parameters" {
				return text
			}
		}
	}
	comment, order := exifTag(exif(kind, parts), exifUserComment)
	if len(comment) <= 8 {
		return ""
	}
	switch text := comment[8:]; string(comment[:8]) {
	case "UNICODE\x00":
		return utf16Text(text, order)
	default: // "ASCII\0\0\0", or eight zeros
		return strings.TrimRight(string(text), "\x00")
	}
}

// utf16Text decodes a comment. Writers disagree about whether its byte order
// follows the file's; the order that gives more ASCII is the right one.
func utf16Text(b []byte, order binary.ByteOrder) string {
	decode := func(o binary.ByteOrder) (text string, ascii int) {
		var units []uint16
		for ; len(b) >= 2*len(units)+2; units = append(units, o.Uint16(b[2*len(units):])) {
			if u := o.Uint16(b[2*len(units):]); u < 128 {
				ascii++
			}
		}
		return string(utf16.Decode(units)), ascii
	}
	little, nl := decode(binary.LittleEndian)
	big, nb := decode(binary.BigEndian)
	if nb > nl || nb == nl && order == binary.BigEndian {
		return big
	}
	return little
}

// parameter is one "Key: value" of the last line; values may be quoted.
var parameter = regexp.MustCompile(`(\w[\w /-]*): *("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)`)

// ReadParameters reads such a text's prompt, steps, guidance, seed and size into
// a recipe. ok is false if the text has no such settings line.
func ReadParameters(text string) (recipe Recipe, ok bool) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := lines[len(lines)-1]
	if !strings.Contains(last, "Steps: ") {
		return Recipe{}, false
	}
	prompt, _, _ := strings.Cut(strings.Join(lines[:len(lines)-1], "\n"), "\nNegative prompt:")
	input := map[string]any{"prompt": strings.TrimSpace(prompt)}
	guidance := ""
	for _, m := range parameter.FindAllStringSubmatch(last, -1) {
		value := strings.TrimSpace(m[2])
		switch strings.TrimSpace(m[1]) {
		case "Steps":
			if n, err := strconv.Atoi(value); err == nil {
				input["num_inference_steps"] = n
			}
		case "CFG scale":
			if guidance == "" {
				guidance = value
			}
		case "Distilled CFG Scale": // what FLUX.1's guidance is called there
			guidance = value
		case "Seed":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				input["seed"], recipe.Seed = n, n
			}
		case "Size":
			w, h, _ := strings.Cut(value, "x")
			width, err1 := strconv.Atoi(w)
			height, err2 := strconv.Atoi(h)
			if err1 == nil && err2 == nil {
				input["aspect_ratio"], input["width"], input["height"] = "custom", width, height
			}
		case "Model":
			recipe.Model = strings.Trim(value, `"`)
		}
	}
	if g, err := strconv.ParseFloat(guidance, 64); err == nil && g == g && g < 1e9 && g > -1e9 {
		input["guidance_scale"] = g
	}
	raw, err := json.Marshal(input)
	if err != nil {
		return Recipe{}, false
	}
	recipe.Input = raw
	return recipe, true
}
