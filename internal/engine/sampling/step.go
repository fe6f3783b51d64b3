package sampling

import "math"

// FirstStep is the step an image-to-image run of so many steps starts at, as
// diffusers counts it: strength 1 starts at 0, strength 0 at steps (runs nothing).
func FirstStep(steps int, strength float64) int {
	n := float64(steps)
	return int(math.Max(n-math.Min(float64(n*strength), n), 0))
}

// Euler moves latents in place along the velocity from noise level sigma to next.
func Euler(latents, velocity []float32, sigma, next float32) {
	dt := next - sigma
	for i, v := range velocity {
		latents[i] += float32(dt * v)
	}
}

// AddNoise returns sample mixed with noise at level sigma: σ·noise + (1 − σ)·sample.
func AddNoise(sample, noise []float32, sigma float32) []float32 {
	out := make([]float32, len(sample))
	rest := 1 - sigma
	for i, x := range sample {
		out[i] = float32(sigma*noise[i]) + float32(rest*x)
	}
	return out
}

// Blend overwrites latents with original where mask is 0 and keeps them where it is
// 1: the inpainting pipeline does it after every step.
func Blend(latents, original, mask []float32) {
	for i, m := range mask {
		latents[i] = float32((1-m)*original[i]) + float32(m*latents[i])
	}
}
