package picture

import (
	"fmt"
	"image"
)

// repaint is the least mask value that is repainted.
const repaint = 128

// DecodeMask reads a mask from a picture of any kind Decode reads: luminance ×
// alpha, as stored, for a mask's values are no colours. 128 and over is
// repainted, less is kept.
func DecodeMask(data []byte, limits Limits) (*image.Gray, error) {
	img, kind, parts, err := decode(data, limits)
	if err != nil {
		return nil, err
	}
	img = orient(img, exif(kind, parts))
	mask := image.NewGray(img.Rect)
	for i := range mask.Pix {
		p := img.Pix[4*i : 4*i+4]
		// image/color's luma weights, 16 bits of fraction.
		luma := (19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 1<<15) >> 16
		mask.Pix[i] = uint8((luma*uint32(p[3]) + 127) / 255)
	}
	return mask, nil
}

// CheckMask refuses a mask that repaints nothing.
func CheckMask(mask *image.Gray) error {
	for _, v := range mask.Pix {
		if v >= repaint {
			return nil
		}
	}
	return fmt.Errorf("the mask repaints nothing: paint what shall change in white")
}

// ResizeMask scales a mask to w×h by taking the nearest pixel, so that it stays as sharp as it was.
func ResizeMask(mask *image.Gray, w, h int) *image.Gray {
	sw, sh := mask.Rect.Dx(), mask.Rect.Dy()
	if sw == w && sh == h {
		return mask
	}
	out := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		row := mask.Pix[(2*y+1)*sh/(2*h)*mask.Stride:]
		for x := range w {
			out.Pix[y*out.Stride+x] = row[(2*x+1)*sw/(2*w)]
		}
	}
	return out
}

// CoverMask scales a mask to w×h like ResizeMask, and paints each pixel that a
// painted one falls on, so that no thin stroke is lost between two samples.
func CoverMask(mask *image.Gray, w, h int) *image.Gray {
	out := ResizeMask(mask, w, h)
	if out == mask {
		return mask
	}
	sw, sh := mask.Rect.Dx(), mask.Rect.Dy()
	for y := range sh {
		row := out.Pix[(2*y+1)*h/(2*sh)*out.Stride:]
		for x, v := range mask.Pix[y*mask.Stride:][:sw] {
			if v >= repaint {
				row[(2*x+1)*w/(2*sw)] = v
			}
		}
	}
	return out
}
