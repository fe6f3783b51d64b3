package picture

import (
	"bytes"
	"fmt"
)

// sniff names the kind of picture by its first bytes: "png", "jpeg", "gif" or
// "webp". Anything else is an error that says what it is where that is known.
func sniff(data []byte) (string, error) {
	if len(data) == 0 {
		return "", fmt.Errorf("the picture is empty (0 bytes)")
	}
	for _, s := range signatures {
		if len(data) >= s.at+len(s.magic) && bytes.Equal(data[s.at:s.at+len(s.magic)], []byte(s.magic)) {
			if s.readable {
				return s.kind, nil
			}
			return "", fmt.Errorf("this is %s; send PNG, JPEG, WebP or GIF", s.kind)
		}
	}
	return "", fmt.Errorf("this is not a picture; send PNG, JPEG, WebP or GIF")
}

var signatures = []struct {
	at       int
	magic    string
	kind     string
	readable bool
}{
	{0, "\x89PNG\r\n\x1a\n", "png", true},
	{0, "\xff\xd8\xff", "jpeg", true},
	{0, "GIF87a", "gif", true},
	{0, "GIF89a", "gif", true},
	{8, "WEBPVP8", "webp", true},
	{4, "ftypavif", "an AVIF picture", false},
	{4, "ftypavis", "an AVIF picture", false},
	{4, "ftypheic", "a HEIC picture", false},
	{4, "ftypheix", "a HEIC picture", false},
	{4, "ftypmif1", "a HEIF picture", false},
	{4, "ftyp", "a video", false},
	{0, "II*\x00", "a TIFF picture", false},
	{0, "MM\x00*", "a TIFF picture", false},
	{0, "BM", "a BMP picture", false},
	{0, "\xff\x0a", "a JPEG XL picture", false},
	{0, "\x00\x00\x00\x0cJXL ", "a JPEG XL picture", false},
	{0, "\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture", false},
	{0, "%PDF", "a PDF", false},
	{0, "<svg", "an SVG drawing", false},
	{0, "<?xml", "an XML file", false},
	{0, "<", "a web page", false},
	{0, "{", "a JSON file", false},
	{0, "PK\x03\x04", "a ZIP archive", false},
}
