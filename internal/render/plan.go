package render

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"easel/internal/engine"
	"easel/internal/schema"
)

// request is what the engine is asked for.
func request(in schema.Input, s *source, seeds []int64, adapters []engine.Adapter, previews bool) engine.Request {
	r := engine.Request{
		Variant:  in.Model,
		Prompt:   in.Prompt,
		Steps:    in.NumInferenceSteps,
		Guidance: in.GuidanceScale,
		Seeds:    seeds,
		Adapters: adapters,
		Fast:     in.GoFast,
		Previews: previews,
	}
	if in.Model == engine.Schnell { // one that shares dev's transformer would hear it
		r.Guidance = schema.Guidance
	}
	r.Width, r.Height = schema.Size(in)
	if s != nil {
		r.Image, r.Mask, r.Strength = s.image, s.mask, in.PromptStrength
		r.Width, r.Height = s.image.Rect.Dx(), s.image.Rect.Dy()
	}
	return r
}

// maxSeed is the largest seed that a request can have.
const maxSeed = 1<<53 - 1

// seeds gives picture k the seed of the request plus k. Beyond what can be
// asked for again stands the seed's low half, which draws the same.
func seeds(in schema.Input) []int64 {
	first := draw()
	if in.Seed != nil {
		first = *in.Seed
	}
	all := make([]int64, in.NumOutputs)
	for k := range all {
		if all[k] = first + int64(k); all[k] > maxSeed {
			all[k] &= 1<<32 - 1
		}
	}
	return all
}

// draw takes 32 random bits: all that torch's generator, and so ours, uses of a seed.
func draw() int64 {
	var b [4]byte
	rand.Read(b[:]) // never fails: the runtime ends the process first
	return int64(binary.LittleEndian.Uint32(b[:]))
}

// voided says which given inputs have no effect, and which choice costs time for nothing.
func voided(in schema.Input) (warnings []string) {
	void := func(why string, fields ...string) {
		for _, field := range fields {
			if in.Given(field) {
				warnings = append(warnings, field+" ignored: "+why)
			}
		}
	}
	switch {
	case in.Image != "":
		void("an image is given", "aspect_ratio", "width", "height", "megapixels")
	case in.AspectRatio != "custom":
		void("aspect_ratio is "+in.AspectRatio, "width", "height")
	default:
		void("aspect_ratio is custom", "megapixels")
		if w, h := schema.Size(in); w != *in.Width || h != *in.Height {
			warnings = append(warnings, fmt.Sprintf("size %d×%d rounded to %d×%d: sides are multiples of 16", *in.Width, *in.Height, w, h))
		}
	}
	if in.Image == "" {
		void("no image is given", "prompt_strength")
	}
	if in.Model == "schnell" {
		void("schnell has no guidance", "guidance_scale")
		if !in.Given("num_inference_steps") {
			warnings = append(warnings, fmt.Sprintf("schnell ran num_inference_steps %d, the default: it needs only 4", in.NumInferenceSteps))
		}
	}
	if in.OutputFormat == "png" {
		void("png is lossless", "output_quality")
	}
	return warnings
}
