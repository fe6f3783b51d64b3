// Package preview shows what a half-finished run expects to end with, by a
// linear map from each latent to a small patch of colour: far cheaper than the
// decoder, and good enough to follow a run.
package preview

import (
	"fmt"
	"math"

	"easel/internal/engine/safetensors"
)

// File is the map's name in the autoencoder's folder.
const File = "preview.safetensors"

// maxPatch keeps a preview no larger than its picture: few models' latents span more pixels.
const maxPatch = 32

// Map takes a latent of some channels to a patch of Patch×Patch pixels.
type Map struct {
	Channels, Patch int
	Weight          []float32 // [Channels 3·Patch·Patch]: planes of colour, −1…1
	Mean            []float32 // [3·Patch·Patch]
}

// Write writes the map as a file that Read reads.
func (m Map) Write(path string) error {
	n := int64(3 * m.Patch * m.Patch)
	return safetensors.WriteFile(path, []safetensors.Data{
		safetensors.NewF32("decode.weight", m.Weight, int64(m.Channels), n), safetensors.NewF32("mean", m.Mean, n),
	}, nil)
}

// Read reads a map's file: tensors decode.weight and mean.
func Read(path string, channels int) (Map, error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return Map{}, err
	}
	weight, okW := file.Tensor("decode.weight")
	mean, okM := file.Tensor("mean")
	if !okW || !okM || len(weight.Shape) != 2 || len(mean.Shape) != 1 {
		return Map{}, fmt.Errorf("%s: needs decode.weight [channels 3·p·p] and mean [3·p·p]", file.Path)
	}
	patch := int(math.Sqrt(float64(mean.Shape[0] / 3)))
	if weight.Shape[0] != int64(channels) || weight.Shape[1] != mean.Shape[0] || int64(3*patch*patch) != mean.Shape[0] || patch == 0 || patch > maxPatch {
		return Map{}, fmt.Errorf("%s: decode.weight %v and mean %v do not map %d channels to square patches of at most %d", file.Path, weight.Shape, mean.Shape, channels, maxPatch)
	}
	m := Map{Channels: channels, Patch: patch}
	if m.Weight, err = weight.Float32s(); err != nil {
		return Map{}, err
	}
	m.Mean, err = mean.Float32s()
	return m, err
}
