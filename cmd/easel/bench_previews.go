package main

import (
	"bytes"
	"context"
	"image"
	"slices"

	"easel/internal/engine"
	"easel/internal/picture"
)

type benchPreviews struct {
	Runs int `help:"Pairs of requests to take the median of." default:"15"`
	drawFlags
}

type previewFigures struct {
	Off   float64 `json:"off"`   // seconds
	On    float64 `json:"on"`    // seconds
	Share float64 `json:"share"` // that previews add to the request beside them
	Shown int     `json:"shown"` // in one request
}

func (c *benchPreviews) Run(ctx context.Context) error {
	eng, err := c.loaded(ctx)
	if err != nil {
		return err
	}
	defer eng.Close()
	r := c.request()
	if _, err := eng.Generate(ctx, r, engine.Quiet{}); err != nil { // warms
		return err
	}
	var seconds [2][]float64 // off, on
	var added []float64
	shown := 0
	for k := range c.Runs {
		for i := range 2 {
			mode := (i + k) % 2 // each first in every other pair
			r.Previews = mode == 1
			seen := &jpegs{}
			result, err := eng.Generate(ctx, r, seen)
			if err != nil {
				return err
			}
			shown = max(shown, seen.count)
			seconds[mode] = append(seconds[mode], result.Timings.Total.Seconds())
		}
		added = append(added, seconds[1][k]/seconds[0][k]-1)
	}
	f := previewFigures{median(seconds[0]), median(seconds[1]), median(added), shown}
	return c.print(f, "  previews off %7.3f s\n  previews on  %7.3f s: %.1f %% more, for %d previews\n", f.Off, f.On, 100*f.Share, f.Shown)
}

// jpegs encodes previews as the service does.
type jpegs struct {
	engine.Quiet
	count int
}

func (j *jpegs) Preview(_, _ int, img *image.RGBA) {
	j.count++
	picture.Encode(&bytes.Buffer{}, img, picture.JPEG, 75) // into memory: cannot fail
}

func median(x []float64) float64 { return slices.Sorted(slices.Values(x))[len(x)/2] }
