package picture

import "fmt"

const (
	// MaxSide is the longest side the model is given.
	MaxSide = 1440
	// sizeStep is what both sides are multiples of.
	sizeStep = 16
)

// FitSize returns the size at which the model works on a w×h picture: scaled
// down so that the long side is at most 1440, then each side to the nearest
// multiple of 16, ties up. A side under 16 pixels is an error.
func FitSize(w, h int) (width, height int, err error) {
	long := max(w, h, MaxSide)
	width, height = fitSide(w, long), fitSide(h, long)
	if w*MaxSide < sizeStep*long || h*MaxSide < sizeStep*long {
		if long > MaxSide {
			return 0, 0, fmt.Errorf("the picture is %d×%d pixels: scaled down to %d its short side would be under %d", w, h, MaxSide, sizeStep)
		}
		return 0, 0, fmt.Errorf("the picture is %d×%d pixels; each side must have at least %d", w, h, sizeStep)
	}
	return width, height, nil
}

// fitSide rounds side·1440/long to a multiple of 16, in whole numbers so that ties are ties.
func fitSide(side, long int) int {
	return (side*MaxSide + sizeStep/2*long) / (sizeStep * long) * sizeStep
}
