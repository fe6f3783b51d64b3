package sampling

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
)

// Scheduler makes noise schedules as diffusers' FlowMatchEulerDiscreteScheduler
// does when FluxPipeline asks it to.
type Scheduler struct {
	cfg config
}

// Schedule is the noise of a whole run, from pure noise to none.
type Schedule struct {
	// Sigmas has one value a step and the last step's goal behind them.
	Sigmas []float32
	// Timesteps has one value a step, in 0…num_train_timesteps. The transformer
	// takes them divided by 1000.
	Timesteps []float32
}

// LoadScheduler reads scheduler_config.json in dir. Every setting that it cannot
// honour is an error.
func LoadScheduler(dir string) (*Scheduler, error) {
	path := filepath.Join(dir, "scheduler_config.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load scheduler: %w", err)
	}
	cfg, err := parseConfig(raw)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	return &Scheduler{cfg: cfg}, nil
}

// Schedule returns the schedule of a run of so many steps over a picture of so many
// tokens (packed latent positions; they decide how far dynamic shifting goes).
func (s *Scheduler) Schedule(steps, tokens int) (Schedule, error) {
	if steps < 1 || tokens < 1 {
		return Schedule{}, fmt.Errorf("schedule of %d steps for %d tokens: both must be at least 1", steps, tokens)
	}
	sigmas := make([]float32, steps, steps+1)
	for i, v := range linspace(1, 1/float64(steps), steps) {
		sigmas[i] = float32(v)
	}
	s.shift(sigmas, tokens)
	if s.cfg.ShiftTerminal != 0 {
		stretch(sigmas, s.cfg.ShiftTerminal)
	}
	switch {
	case s.cfg.Karras:
		karras(sigmas)
	case s.cfg.Exponential:
		exponential(sigmas)
	}
	end := float32(0)
	if s.cfg.Invert {
		end = 1
		for i, v := range sigmas {
			sigmas[i] = 1 - v
		}
	}
	timesteps := make([]float32, steps)
	for i, v := range sigmas {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return Schedule{}, fmt.Errorf("schedule of %d steps for %d tokens: the scheduler's settings give no number at step %d", steps, tokens, i+1)
		}
		timesteps[i] = v * float32(s.cfg.TrainTimesteps)
	}
	return Schedule{Sigmas: append(sigmas, end), Timesteps: timesteps}, nil
}

// shift moves the schedule towards noise: by a fixed factor or by one that grows
// with the picture.
func (s *Scheduler) shift(sigmas []float32, tokens int) {
	if !s.cfg.Dynamic {
		by, less := float32(s.cfg.Shift), float32(s.cfg.Shift-1)
		for i, t := range sigmas {
			sigmas[i] = float32(by*t) / float32(1+float32(less*t))
		}
		return
	}
	mu := s.mu(tokens)
	if s.cfg.ShiftType == "exponential" {
		mu = math.Exp(mu)
	}
	by := float32(mu)
	for i, t := range sigmas {
		sigmas[i] = by / float32(by+float32(float32(1/t)-1))
	}
}

// mu is the straight line through (base_image_seq_len, base_shift) and
// (max_image_seq_len, max_shift).
func (s *Scheduler) mu(tokens int) float64 {
	c := &s.cfg
	slope := (c.MaxShift - c.BaseShift) / float64(c.MaxTokens-c.BaseTokens)
	origin := c.BaseShift - float64(slope*float64(c.BaseTokens))
	return float64(float64(tokens)*slope) + origin
}

// stretch makes the last sigma equal terminal.
func stretch(sigmas []float32, terminal float64) {
	scale := float32(1-sigmas[len(sigmas)-1]) / float32(1-terminal)
	for i, t := range sigmas {
		sigmas[i] = 1 - float32((1-t)/scale)
	}
}

// karras spaces the schedule as Karras et al. (2022), equation 5, with rho 7.
func karras(sigmas []float32) {
	const rho = 7
	n := len(sigmas)
	high, low := math.Pow(float64(sigmas[0]), 1./rho), math.Pow(float64(sigmas[n-1]), 1./rho)
	for i, ramp := range linspace(0, 1, n) {
		sigmas[i] = float32(math.Pow(high+float64(ramp*(low-high)), rho))
	}
}

// exponential spaces the schedule evenly in its logarithm.
func exponential(sigmas []float32) {
	n := len(sigmas)
	high, low := math.Log(float64(sigmas[0])), math.Log(float64(sigmas[n-1]))
	for i, v := range linspace(high, low, n) {
		sigmas[i] = float32(math.Exp(v))
	}
}

// linspace is numpy's.
func linspace(start, stop float64, n int) []float64 {
	out := make([]float64, n)
	if n == 1 {
		out[0] = start
		return out
	}
	step := (stop - start) / float64(n-1)
	for i := range out {
		out[i] = float64(float64(i)*step) + start
	}
	out[n-1] = stop
	return out
}
