package engine

import (
	"path/filepath"
	"testing"

	"easel/internal/engine/golden"
)

// TestWebGPU holds a whole run on the device to diffusers' pixels.
func TestWebGPU(t *testing.T) {
	golden.SoftwareGPU(t)
	c, seen := golden.Cases(t, "noise")["schnell-square"], &gallery{}
	e := open(t, Options{Schnell: filepath.Join(golden.Testdata, "models/schnell"), Device: "webgpu"})
	v, err := e.variant(Schnell)
	if err != nil {
		t.Fatal(err)
	}
	r := e.newRun(v, request(t, c), seen)
	r.length = c.Length
	if err := r.all(t.Context()); err != nil {
		t.Fatal(err)
	}
	pixels(t, seen.pictures[0], c.Bytes(t, "pixels"))
}
