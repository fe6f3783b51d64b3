package preview

import (
	"context"
	"image"

	"easel/internal/engine/flux"
)

// Decoded draws previews with a decoder of its own, such as TAEF1: dearer than a
// Map and sharper.
type Decoded struct {
	Channels int // of the latents
	Factor   int // pixels that a latent spans
	Decode   Decode
	Free     func() // what Decode holds
}

// largest is about the longest side of a preview that a decoder draws.
const largest = 512

// Paint returns the picture of rows·cols packed tokens, scaled down to largest.
func (d *Decoded) Paint(ctx context.Context, tokens []float32, rows, cols int) (*image.RGBA, error) {
	h, w := 2*rows, 2*cols
	planes, err := d.Decode(ctx, flux.Unpack(tokens, d.Channels, rows, cols), h, w)
	if err != nil {
		return nil, err
	}
	return shrink(planes, w*d.Factor, h*d.Factor), nil
}

// Close frees the decoder.
func (d *Decoded) Close() { d.Free() }

// shrink averages planes [3 height width] of −1…1 over squares of whole pixels.
func shrink(planes []float32, width, height int) *image.RGBA {
	box := (max(width, height) + largest - 1) / largest
	w, h := width/box, height/box
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			pix := img.Pix[y*img.Stride+4*x:]
			for ch := range 3 {
				sum := float32(0)
				for dy := range box {
					from := (ch*height+y*box+dy)*width + x*box
					for _, v := range planes[from : from+box] {
						sum += min(max(v, -1), 1)
					}
				}
				pix[ch] = uint8((sum/float32(box*box)+1)*127.5 + 0.5)
			}
			pix[3] = 255
		}
	}
	return img
}
