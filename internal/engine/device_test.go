package engine

import (
	"os"
	"path/filepath"
	"testing"

	"easel/internal/engine/golden"
)

// TestDevice holds all goldens to their tolerance on EASEL_TEST_DEVICE, for a
// machine that has one. CUDA computes in bf16, whose 8 bits of fraction move
// the random models' pixels.
func TestDevice(t *testing.T) {
	device := os.Getenv("EASEL_TEST_DEVICE")
	if device == "" {
		t.Skip("EASEL_TEST_DEVICE is not set: see make test-gpu")
	}
	most := 2 // of 255
	if device == "cuda" {
		most = 12
	}
	for _, model := range []string{"dev", "wide", "schnell"} {
		dir := filepath.Join(golden.Testdata, "models", model)
		options := Options{Dev: dir, Device: device}
		if model == Schnell {
			options = Options{Schnell: dir, Device: device}
		}
		e := open(t, options)
		for name, c := range golden.Cases(t, "pixels") {
			if c.Model != model {
				continue
			}
			t.Run(name, func(t *testing.T) { goldenRun(t, e, c, most) })
		}
	}
}
