package picture

import "fmt"

// Format is a file format Easel writes, by the name the API gives it.
type Format string

const (
	WebP Format = "webp"
	JPEG Format = "jpg"
	PNG  Format = "png"
)

// ParseFormat returns the Format of an output_format input.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case WebP, JPEG, PNG:
		return f, nil
	case "jpeg":
		return JPEG, nil
	}
	return "", fmt.Errorf("picture format %q: must be webp, jpg or png", name)
}

// ContentType is the format's media type.
func (f Format) ContentType() string {
	if f == JPEG {
		return "image/jpeg"
	}
	return "image/" + string(f)
}

// MaxSide is the longest side the format can hold.
func (f Format) MaxSide() int {
	switch f {
	case WebP:
		return 16383
	case JPEG:
		return 65535
	}
	return 1<<31 - 1
}

// Ext is the file name extension, with its dot.
func (f Format) Ext() string { return "." + string(f) }
