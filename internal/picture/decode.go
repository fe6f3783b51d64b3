package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"

	"github.com/disintegration/imaging"
)

// Limits bound what Decode takes on, before it decodes.
type Limits struct {
	Pixels int // width × height
	Bytes  int // of the file
}

// DefaultLimits are what a caller's picture may measure unless an operator says otherwise.
var DefaultLimits = Limits{Pixels: 64_000_000, Bytes: 40 << 20}

// Decode reads a PNG, JPEG, WebP or GIF (first frame), told apart by its
// bytes. The result stands upright (EXIF), is in sRGB (ICC) and opaque:
// transparency is laid on white. Warnings say what could not be honoured.
func Decode(data []byte, limits Limits) (*image.NRGBA, []string, error) {
	img, kind, parts, err := decode(data, limits)
	if err != nil {
		return nil, nil, err
	}
	img, warning := toSRGB(img, iccProfile(kind, parts))
	img = onWhite(orient(img, exif(kind, parts)))
	if warning != "" {
		return img, []string{warning}, nil
	}
	return img, nil, nil
}

// decode reads the pixels as they are stored.
func decode(data []byte, limits Limits) (img *image.NRGBA, kind string, parts []part, err error) {
	if len(data) > limits.Bytes {
		return nil, "", nil, fmt.Errorf("the picture has %d bytes; the limit is %d", len(data), limits.Bytes)
	}
	if kind, parts, err = split(data); err != nil {
		return nil, "", nil, err
	}
	if err := checkSize(kind, data, parts, limits); err != nil {
		return nil, "", nil, err
	}
	switch kind {
	case "png":
		img, err = packed(png.Decode(bytes.NewReader(data)))
	case "jpeg":
		img, err = packed(jpeg.Decode(bytes.NewReader(data)))
	case "webp":
		img, err = decodeWebP(parts)
	case "gif":
		img, err = decodeGIF(data)
	}
	if err != nil {
		return nil, "", nil, fmt.Errorf("the %s picture cannot be read: %w", kind, plain(err))
	}
	return img, kind, parts, nil
}

// checkSize reads the picture's claimed size from its header, which costs no
// memory, and refuses what is over the limits or cannot be true.
func checkSize(kind string, data []byte, parts []part, limits Limits) error {
	var cfg image.Config
	var err error
	switch kind {
	case "png":
		cfg, err = png.DecodeConfig(bytes.NewReader(data))
	case "jpeg":
		cfg, err = jpeg.DecodeConfig(bytes.NewReader(data))
	case "gif":
		cfg, err = gif.DecodeConfig(bytes.NewReader(data))
	case "webp":
		cfg.Width, cfg.Height, err = webpCanvas(parts)
	}
	if err != nil {
		return fmt.Errorf("the %s picture cannot be read: %w", kind, plain(err))
	}
	if cfg.Width <= 0 || cfg.Height <= 0 {
		return fmt.Errorf("the %s picture is %d×%d pixels", kind, cfg.Width, cfg.Height)
	}
	if int64(cfg.Width)*int64(cfg.Height) > int64(limits.Pixels) {
		return fmt.Errorf("the picture is %d×%d pixels; the limit is %.3g megapixels", cfg.Width, cfg.Height, float64(limits.Pixels)/1e6)
	}
	if n := scans(parts); kind == "jpeg" && n > maxScans {
		return fmt.Errorf("the jpeg picture has %d scans; the limit is %d", n, maxScans)
	}
	if kind == "png" && !plausiblePNG(parts) {
		return fmt.Errorf("the png picture is cut short: %d bytes cannot hold %d×%d pixels", len(data), cfg.Width, cfg.Height)
	}
	return nil
}

// decodeGIF puts the first frame on its canvas.
func decodeGIF(data []byte) (*image.NRGBA, error) {
	cfg, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	frame, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return onCanvas(nrgba(frame), frame.Bounds().Min, cfg.Width, cfg.Height), nil
}

// onCanvas puts a frame at its place on a transparent canvas.
func onCanvas(frame *image.NRGBA, at image.Point, w, h int) *image.NRGBA {
	if at == (image.Point{}) && frame.Rect.Dx() == w && frame.Rect.Dy() == h {
		return frame
	}
	return imaging.Paste(image.NewNRGBA(image.Rect(0, 0, w, h)), frame, at)
}

// plain says what a decoder's error means to the one who sent the file.
func plain(err error) error {
	words := err.Error()
	for _, sign := range []string{"EOF", "short Huffman data", "not enough pixel data", "not enough image data", "too short"} {
		if strings.HasSuffix(words, sign) || strings.Contains(words, sign+":") {
			return errors.New("the file is cut short")
		}
	}
	for _, prefix := range []string{"png: invalid format: ", "invalid JPEG format: ", "gif: ", "webp: ", "vp8: ", "vp8l: ", "zlib: ", "flate: "} {
		if damage, ok := strings.CutPrefix(words, prefix); ok {
			return fmt.Errorf("the file is damaged (%s)", damage)
		}
	}
	return err
}
