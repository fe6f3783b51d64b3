package picture

import (
	"fmt"
	"image"
)

// DefaultFeather is how many pixels inside the repainted area blend into what is kept.
const DefaultFeather = 4

// Composite lays the original back over a painted picture, in place. Where the
// mask is under 128 the original's bytes come back exactly; inside, the first
// feather pixels from the border blend from the original to the painted one.
// All three have one size.
func Composite(original, painted *image.NRGBA, mask *image.Gray, feather int) error {
	if original.Rect != painted.Rect || original.Rect != mask.Rect {
		return fmt.Errorf("composite: the original is %v, the painted one %v, the mask %v; they must be one size",
			original.Rect.Size(), painted.Rect.Size(), mask.Rect.Size())
	}
	feather = min(max(feather, 0), maxDepth-1)
	whole := feather + 1
	for i, d := range depths(mask, feather) {
		if d == 0 {
			copy(painted.Pix[4*i:4*i+4], original.Pix[4*i:4*i+4])
			continue
		}
		for c := 4 * i; int(d) < whole && c < 4*i+3; c++ {
			painted.Pix[c] = uint8((int(original.Pix[c])*(whole-int(d)) + int(painted.Pix[c])*int(d) + whole/2) / whole)
		}
	}
	return nil
}

// maxDepth is what a byte holds.
const maxDepth = 255

// depths gives each pixel's distance in king's moves from the kept area: 0 in
// it, at most feather+1. The picture's own edge is no border.
func depths(mask *image.Gray, feather int) []uint8 {
	w, h := mask.Rect.Dx(), mask.Rect.Dy()
	far := uint8(feather + 1)
	depth := make([]uint8, w*h)
	for i, v := range mask.Pix {
		if v >= repaint {
			depth[i] = far
		}
	}
	// Two sweeps carry the distance from all eight neighbours (chamfer).
	at := func(x, y int) uint8 {
		if x < 0 || y < 0 || x >= w || y >= h {
			return far
		}
		return depth[y*w+x]
	}
	for y := range h {
		for x := range w {
			if depth[y*w+x] == 0 {
				continue
			}
			near := min(at(x-1, y), at(x-1, y-1), at(x, y-1), at(x+1, y-1))
			depth[y*w+x] = min(depth[y*w+x], near+1)
		}
	}
	for y := h - 1; y >= 0; y-- {
		for x := w - 1; x >= 0; x-- {
			if depth[y*w+x] <= 1 {
				continue
			}
			near := min(at(x+1, y), at(x+1, y+1), at(x, y+1), at(x-1, y+1))
			depth[y*w+x] = min(depth[y*w+x], near+1)
		}
	}
	return depth
}
