package main

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
)

// paint fills a picture with soft coloured discs, mixed with noise where done < 1.
func paint(width, height int, seed int64, done float64) *image.RGBA {
	rng := rand.New(rand.NewPCG(uint64(seed), 7))
	type disc struct{ x, y, r, red, green, blue float64 }
	discs := make([]disc, 7)
	for i := range discs {
		discs[i] = disc{rng.Float64(), rng.Float64(), 0.12 + 0.25*rng.Float64(), rng.Float64(), rng.Float64(), rng.Float64()}
	}
	noise := rand.New(rand.NewPCG(uint64(seed), uint64(1e6*done)))
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width), float64(y)/float64(height)
			r, g, b := 0.95-0.2*v, 0.9-0.1*u, 0.86
			for _, d := range discs {
				far := math.Hypot(u-d.x, (v-d.y)*float64(height)/float64(width))
				a := 1 / (1 + math.Exp((far-d.r)*60))
				r, g, b = r+(d.red-r)*a, g+(d.green-g)*a, b+(d.blue-b)*a
			}
			if done < 1 {
				k := (1 - done) * 0.9
				r, g, b = r+(noise.Float64()-r)*k, g+(noise.Float64()-g)*k, b+(noise.Float64()-b)*k
			}
			img.SetRGBA(x, y, color.RGBA{byte(255 * r), byte(255 * g), byte(255 * b), 255})
		}
	}
	return img
}

func picture(width, height int, seed int64) []byte {
	var b bytes.Buffer
	png.Encode(&b, paint(width, height, seed, 1)) // into memory: cannot fail
	return b.Bytes()
}

func preview(width, height int, seed int64, done float64) []byte {
	var b bytes.Buffer
	jpeg.Encode(&b, paint(width, height, seed, done), &jpeg.Options{Quality: 70})
	return b.Bytes()
}
