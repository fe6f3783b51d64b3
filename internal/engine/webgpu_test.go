package engine

import (
	"os"
	"path/filepath"
	"testing"

	"easel/internal/engine/golden"
)

// swiftShader is Chromium's software Vulkan driver where Debian puts it.
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json"

// TestWebGPU holds a whole run on the device to diffusers' pixels.
func TestWebGPU(t *testing.T) {
	if os.Getenv("VK_ICD_FILENAMES") == "" {
		if _, err := os.Stat(swiftShader); err != nil {
			t.Skip("no GPU driver known here: set VK_ICD_FILENAMES")
		}
		t.Setenv("VK_ICD_FILENAMES", swiftShader)
	}
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
