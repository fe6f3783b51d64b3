// Package predictiontest helps tests that need predictions to really happen:
// a scripted Generator, and a service with a journal and a worker behind it.
package predictiontest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"time"

	"easel/internal/prediction"
)

// Generator draws small plain pictures, as slowly as it is told to. The first
// word of a prompt may ask for more: "fail the reason" fails with that reason,
// "panic" panics, "hang" draws nothing until it is cancelled, "slow" takes a
// second a step.
type Generator struct {
	Steps    int           // 0: the input's num_inference_steps, or 4
	StepTime time.Duration // 0: 2 ms
	Previews bool
	Preview  []byte                        // what is shown at each step; nil: a small picture
	Started  func(p prediction.Prediction) // called at the beginning of each run; may be nil
}

type input struct {
	Prompt       string `json:"prompt"`
	NumOutputs   int    `json:"num_outputs"`
	Steps        int    `json:"num_inference_steps"`
	Seed         *int64 `json:"seed"`
	OutputFormat string `json:"output_format"`
}

// Generate implements prediction.Generator.
func (g *Generator) Generate(ctx context.Context, p prediction.Prediction, s prediction.Sink) (prediction.Extra, error) {
	if g.Started != nil {
		g.Started(p)
	}
	var in input
	if err := json.Unmarshal(p.Input, &in); err != nil {
		return prediction.Extra{}, fmt.Errorf("input: %w", err)
	}
	steps, pause := firstOf(g.Steps, in.Steps, 4), firstOf(g.StepTime, 2*time.Millisecond)
	word, rest, _ := strings.Cut(in.Prompt, " ")
	switch word {
	case "fail":
		return prediction.Extra{}, errors.New(firstOf(rest, "It was told to fail."))
	case "panic":
		panic(firstOf(rest, "told to"))
	case "hang":
		<-ctx.Done()
		return prediction.Extra{}, ctx.Err()
	case "slow":
		pause = time.Second
	}
	seed := int64(42)
	if in.Seed != nil {
		seed = *in.Seed
	}
	var extra prediction.Extra
	began := time.Now()
	for k := range firstOf(in.NumOutputs, 1) {
		for i := 1; i <= steps; i++ {
			select {
			case <-ctx.Done():
				return extra, ctx.Err()
			case <-time.After(pause):
			}
			s.Step(k, i, steps, pause.Seconds())
			if g.Preview != nil {
				s.Preview(k, i, g.Preview)
			} else if g.Previews {
				s.Preview(k, i, encode("jpg", seed, i))
			}
		}
		format := firstOf(in.OutputFormat, "webp")
		name := fmt.Sprintf("out-%d.%s", k, format)
		if err := s.Picture(k, seed+int64(k), name, contentTypes[format], encode(format, seed+int64(k), steps)); err != nil {
			return extra, err
		}
		extra.Seeds = append(extra.Seeds, seed+int64(k))
		extra.Verdicts = append(extra.Verdicts, prediction.Verdict{})
	}
	took := time.Since(began).Seconds()
	extra.Timings = &prediction.Timings{Steps: took, Total: took}
	return extra, nil
}

var contentTypes = map[string]string{"webp": "image/webp", "png": "image/png", "jpg": "image/jpeg"}

// webp is one pixel: the standard library reads no WebP, let alone writes it.
const webp = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="

func encode(format string, seed int64, step int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 32, 32))
	for i := range img.Pix {
		img.Pix[i] = byte(seed*31 + int64(step)*7 + int64(i%4)*50)
	}
	img.Set(0, 0, color.White)
	var b bytes.Buffer
	switch format {
	case "png":
		png.Encode(&b, img)
	case "jpg":
		jpeg.Encode(&b, img, nil)
	default:
		data, _ := base64.StdEncoding.DecodeString(webp)
		return data
	}
	return b.Bytes()
}

// firstOf returns the first value that is not zero.
func firstOf[T comparable](values ...T) T {
	var zero T
	for _, v := range values {
		if v != zero {
			return v
		}
	}
	return zero
}
