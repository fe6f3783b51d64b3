package vae

import "math"

// Posterior is what the encoder says of a picture: a normal distribution for
// each latent, in the autoencoder's own scale.
type Posterior struct {
	Mean, LogVar []float32 // [c h w] each
	scale, shift float32
}

// Sample draws latents [c h w], in the transformer's scale, with noise of as
// many standard normal values (DiagonalGaussianDistribution.sample).
func (p Posterior) Sample(noise []float32) []float32 {
	latents := make([]float32, len(p.Mean))
	for i, mean := range p.Mean {
		logVar := min(max(p.LogVar[i], -30), 20)
		std := float32(math.Exp(float64(float32(0.5) * logVar)))
		x := mean + float32(std*noise[i]) // rounded before the sum: arm64 would fuse the two
		latents[i] = (x - p.shift) * p.scale
	}
	return latents
}
