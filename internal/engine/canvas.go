package engine

import (
	"fmt"
	"image"
	"math"
	"runtime"
	"sync"
)

// canvas is how a picture of the wanted size lies on the grid that the model
// computes: the next multiple of its unit, with the excess cut from all sides alike.
type canvas struct {
	width, height int // of the wanted picture
	rows, cols    int // tokens
	unit          int // pixels that a token spans on each side
}

func newCanvas(width, height, unit int) canvas {
	up := func(n int) int { return (n + unit - 1) / unit }
	return canvas{width, height, up(height), up(width), unit}
}

func (c canvas) tokens() int { return c.rows * c.cols }

// full is the size of what is computed, of which window is the wanted picture.
func (c canvas) full() image.Point { return image.Pt(c.cols*c.unit, c.rows*c.unit) }

func (c canvas) window() image.Rectangle {
	corner := c.full().Sub(image.Pt(c.width, c.height)).Div(2)
	return image.Rectangle{corner, corner.Add(image.Pt(c.width, c.height))}
}

// picture cuts the wanted picture out of the decoder's planes [3 height width], −1…1.
func (c canvas) picture(planes []float32) *image.NRGBA {
	full, window := c.full(), c.window()
	img := image.NewNRGBA(image.Rect(0, 0, c.width, c.height))
	size := full.X * full.Y
	bands(c.height, func(y int) {
		from, row := (y+window.Min.Y)*full.X+window.Min.X, img.Pix[y*img.Stride:]
		red, green, blue := planes[from:], planes[size+from:], planes[2*size+from:]
		for x := range c.width {
			row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = level(red[x]), level(green[x]), level(blue[x]), 255
		}
	})
	return img
}

// bands does n rows, a band of them on each processor: a megapixel in one
// goroutine takes 1 % of a small model's request.
func bands(n int, row func(y int)) {
	var group sync.WaitGroup
	count := runtime.GOMAXPROCS(0)
	for k := range count {
		group.Go(func() {
			for y := k * n / count; y < (k+1)*n/count; y++ {
				row(y)
			}
		})
	}
	group.Wait()
}

// level maps −1…1 to 0…255 as diffusers does, halves to even: so does the sum
// round, beyond 2²³ of which float32 has whole numbers only.
func level(x float32) uint8 {
	v := x/2 + 0.5
	if v < 0 {
		v = 0
	} else if v > 1 {
		v = 1
	}
	return uint8(math.Float32bits(float32(v*255) + 1<<23)) // rounded before the sum: arm64 would fuse the two
}

// planes lays a picture of the wanted size on the canvas as [3 height width] in
// −1…1, repeating its edges over the excess.
func (c canvas) planes(img *image.NRGBA) []float32 {
	full, window := c.full(), c.window()
	size := full.X * full.Y
	planes := make([]float32, 3*size)
	for y := range full.Y {
		sy := min(max(y-window.Min.Y, 0), c.height-1)
		for x := range full.X {
			sx := min(max(x-window.Min.X, 0), c.width-1)
			pix := img.Pix[img.PixOffset(img.Rect.Min.X+sx, img.Rect.Min.Y+sy):]
			for ch := range 3 {
				planes[ch*size+y*full.X+x] = float32(2*float32(float32(pix[ch])/255)) - 1
			}
		}
	}
	return planes
}

// mask is 1 where a latent [2·rows 2·cols] is repainted: where the mask has 128
// or more at any of the latent's pixels, so that all that was painted changes.
// diffusers looks at a latent's first pixel only, by which a thin stroke falls
// through the grid.
func (c canvas) mask(mask *image.Gray) []float32 {
	window, side := c.window(), c.unit/2
	out := make([]float32, 4*c.tokens())
	for y := range c.height {
		row := mask.Pix[mask.PixOffset(mask.Rect.Min.X, mask.Rect.Min.Y+y):][:c.width]
		latents := out[(y+window.Min.Y)/side*2*c.cols:]
		for x, v := range row {
			if v >= 128 {
				latents[(x+window.Min.X)/side] = 1
			}
		}
	}
	return out
}

// finite is an error that names the network whose result holds a NaN or an infinity.
func finite(network string, values []float32) error {
	for i, v := range values {
		if v-v != 0 { // NaN and ±Inf only, and quicker than asking for each
			return fmt.Errorf("the %s computed %v at value %d of %d: its weights are damaged or the precision does not suffice", network, v, i, len(values))
		}
	}
	return nil
}
