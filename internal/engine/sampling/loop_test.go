package sampling_test

import (
	"fmt"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/sampling"
)

// Everything in a run that is not a network, against diffusers' runs: exact.
func TestLoopIsDiffusers(t *testing.T) {
	for name, c := range golden.Cases(t, "sigmas") {
		t.Run(name, func(t *testing.T) {
			noise, latents := drawn(t, c)
			scheduler, err := sampling.LoadScheduler(c.Folder("scheduler"))
			if err != nil {
				t.Fatal(err)
			}
			shape := c.Tensor(t, "noise").Shape
			channels, h, w := int(shape[1]), int(shape[2]), int(shape[3])
			schedule, err := scheduler.Schedule(c.Steps, h/2*w/2)
			if err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, "sigmas", schedule.Sigmas, c.Floats(t, "sigmas"), 0)
			golden.Compare(t, "timesteps", schedule.Timesteps, c.Floats(t, "timesteps"), 0)

			first := 0
			if c.Kind != "txt2img" {
				first = sampling.FirstStep(c.Steps, c.Strength)
			}
			if first != c.FirstStep {
				t.Fatalf("starts at step %d, want %d", first, c.FirstStep)
			}
			start := noise
			if latents != nil {
				start = sampling.AddNoise(latents, noise, schedule.Sigmas[first])
			}
			golden.Compare(t, "start", pack(start, channels, h, w), c.Floats(t, "latents.0"), 0)
			for k := range c.Steps - first {
				x := c.Floats(t, fmt.Sprintf("latents.%d", k))
				from, to := schedule.Sigmas[first+k], schedule.Sigmas[first+k+1]
				sampling.Euler(x, c.Floats(t, fmt.Sprintf("velocity.%d", k)), from, to)
				if c.Kind == "inpaint" {
					original := sampling.AddNoise(latents, noise, to)
					sampling.Blend(x, pack(original, channels, h, w), c.Floats(t, "mask_latents"))
				}
				golden.Compare(t, fmt.Sprintf("step %d", k), x, c.Floats(t, fmt.Sprintf("latents.%d", k+1)), 0)
			}
		})
	}
}

// drawn checks what the generator gives in order: the posterior's noise, if a picture
// is given, then the run's. It returns the run's noise and the picture's latents.
func drawn(t *testing.T, c golden.Case) (noise, latents []float32) {
	g := sampling.NewGenerator(c.Seed)
	want := c.Floats(t, "noise")
	if c.Kind != "txt2img" {
		golden.Compare(t, "posterior noise", g.Normal(len(want)), c.Floats(t, "posterior_noise"), 0)
		latents = c.Floats(t, "image_latents")
	}
	noise = g.Normal(len(want))
	golden.Compare(t, "noise", noise, want, 0)
	return noise, latents
}

// pack turns channel planes into tokens of 2×2 positions, as the transformer takes them.
func pack(x []float32, channels, h, w int) []float32 {
	var out []float32
	for y := 0; y < h; y += 2 {
		for z := 0; z < w; z += 2 {
			for c := range channels {
				plane := x[c*h*w:]
				out = append(out, plane[y*w+z], plane[y*w+z+1], plane[(y+1)*w+z], plane[(y+1)*w+z+1])
			}
		}
	}
	return out
}
