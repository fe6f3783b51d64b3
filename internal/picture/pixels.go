package picture

import (
	"image"

	"github.com/disintegration/imaging"
)

// packed brings whatever a decoder returned to straight 8-bit RGBA from (0, 0).
func packed(img image.Image, err error) (*image.NRGBA, error) {
	if err != nil {
		return nil, err
	}
	if m, ok := img.(*image.CMYK); ok {
		return fromCMYK(m), nil
	}
	return nrgba(img), nil
}

// fromCMYK is the profile-less conversion: each ink darkens by itself and black
// darkens all. image/jpeg has already turned Adobe's inverted values round.
func fromCMYK(m *image.CMYK) *image.NRGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		src, dst := m.Pix[y*m.Stride:][:4*w], out.Pix[y*out.Stride:][:4*w]
		for i := 0; i < len(src); i += 4 {
			white := 255 - uint32(src[i+3])
			for c := range 3 {
				dst[i+c] = uint8(((255-uint32(src[i+c]))*white + 127) / 255)
			}
			dst[i+3] = 255
		}
	}
	return out
}

// Resize scales img to exactly w×h with Lanczos (support 3).
func Resize(img *image.NRGBA, w, h int) *image.NRGBA {
	if img.Rect.Dx() == w && img.Rect.Dy() == h {
		return img
	}
	return imaging.Resize(img, w, h, imaging.Lanczos)
}

// Thumbnail scales img down so that neither side exceeds side. Smaller pictures stay as they are.
func Thumbnail(img *image.NRGBA, side int) *image.NRGBA {
	if img.Rect.Dx() <= side && img.Rect.Dy() <= side {
		return img
	}
	return imaging.Fit(img, side, side, imaging.Lanczos)
}

// Grey is the plain picture that stands in the slot of a flagged one.
func Grey(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = 128
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}
