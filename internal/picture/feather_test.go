package picture

import (
	"bytes"
	"image"
	"image/png"
	"testing"
)

func TestMaskFeather(t *testing.T) {
	var plain bytes.Buffer
	if err := png.Encode(&plain, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	_, parts, err := split(plain.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{"0": 0, "2": 2, "16": 16, "17": DefaultFeather, "-1": DefaultFeather, "soft": DefaultFeather, "": DefaultFeather} {
		said := insert(parts, 1, part{kind: "tEXt", data: []byte(featherKey + "\x00" + text)})
		if got := MaskFeather(joinPNG(said)); got != want {
			t.Errorf("a mask that says %q has feather %d, want %d", text, got, want)
		}
	}
	for name, file := range map[string][]byte{"plain": plain.Bytes(), "empty": nil, "cut": plain.Bytes()[:20], "text": []byte("no picture")} {
		if got := MaskFeather(file); got != DefaultFeather {
			t.Errorf("%s: feather %d, want %d", name, got, DefaultFeather)
		}
	}
}
