package picture

import "strconv"

// MaxFeather is the softest edge that a mask can ask for, in pixels.
const MaxFeather = 16

// featherKey is the keyword of the PNG text by which a mask says how soft its
// edge shall be. The page's painter writes it.
const featherKey = "easel.feather"

// MaskFeather is how many pixels inside a mask's repainted area blend into
// what is kept: what its file says, 0 to MaxFeather, else DefaultFeather.
func MaskFeather(file []byte) int {
	kind, parts, err := split(file)
	if err != nil || kind != "png" {
		return DefaultFeather
	}
	for _, p := range parts {
		if key, text := parsePNGText(p); key == featherKey {
			if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= MaxFeather {
				return n
			}
		}
	}
	return DefaultFeather
}
