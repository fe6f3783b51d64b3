package engine

import (
	"context"
	"slices"

	"easel/internal/engine/flux"
	"easel/internal/engine/quant"
	"easel/internal/engine/sampling"
)

// What the transformer is measured over to find the layers that must not be
// rounded: the steps of a small picture.
const (
	calibrationPrompt = "a cat on a blue background"
	calibrationTokens = 16 // on each side
	calibrationSteps  = 4
)

// calibrationLimit bounds the models that are measured: it loads the transformer
// some thirty times. The large ones are of ordinary training, which 8 bits suit.
const calibrationLimit = 2 << 30

// sensitive are the kinds of layers that the fast mode leaves in float32.
func (e *Engine) sensitive(ctx context.Context, v *variant, bits int, cache quant.Cache) ([]string, error) {
	n := v.bytes[partTransformer]
	if n > calibrationLimit {
		return nil, nil
	}
	var measured flux.Samples // nil: there is no room for it, so only what is known already counts
	if e.shelf.limit == 0 || 2*n <= e.shelf.limit {
		measured = &samples{engine: e, variant: v}
	}
	return flux.Sensitive(ctx, v.parts[partTransformer], e.sessions, bits, cache, measured)
}

// samples are passes of a transformer over the steps of a small picture.
type samples struct {
	engine   *Engine
	variant  *variant
	text     flux.Text
	guidance float64
	times    []float32
	latents  [][]float32
}

// Exact draws the picture and keeps what each step starts from.
func (s *samples) Exact(ctx context.Context) (velocities []float32, err error) {
	v, side := s.variant, calibrationTokens*s.variant.unit()
	r := s.engine.newRun(v, Request{
		Variant: v.name, Prompt: calibrationPrompt, Width: side, Height: side, Steps: calibrationSteps, Guidance: 3.5,
	}, Quiet{})
	if err := r.encode(ctx); err != nil {
		return nil, err
	}
	m, err := s.engine.transformer(ctx, v, form{})
	if err != nil {
		return nil, err
	}
	schedule, err := v.scheduler.Schedule(r.request.Steps, r.canvas.tokens())
	if err != nil {
		return nil, err
	}
	s.text, s.guidance = r.text, r.request.Guidance
	latents := r.start(0).latents
	for i, t := range schedule.Timesteps {
		s.times, s.latents = append(s.times, t/1000), append(s.latents, slices.Clone(latents))
		velocity, err := s.pass(ctx, m, i)
		if err != nil {
			return nil, err
		}
		velocities = append(velocities, velocity...)
		sampling.Euler(latents, velocity, schedule.Sigmas[i], schedule.Sigmas[i+1])
	}
	return velocities, nil
}

// Probe runs another form of the transformer over the same steps.
func (s *samples) Probe(ctx context.Context, m *flux.Model) (velocities []float32, err error) {
	for i := range s.latents {
		velocity, err := s.pass(ctx, m, i)
		if err != nil {
			return nil, err
		}
		velocities = append(velocities, velocity...)
	}
	return velocities, nil
}

func (s *samples) pass(ctx context.Context, m *flux.Model, i int) ([]float32, error) {
	p, err := m.NewPass(s.text, calibrationTokens, calibrationTokens, s.guidance, nil)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	copy(p.Latents, s.latents[i])
	return p.Velocity, p.Run(ctx, s.times[i])
}
