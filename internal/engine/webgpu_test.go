package engine

import (
	"path/filepath"
	"testing"

	"easel/internal/engine/golden"
)

// TestWebGPU holds whole runs on the device to diffusers' pixels, as closely as
// those on the CPU: from text, over a mask, and with a LoRA.
func TestWebGPU(t *testing.T) {
	golden.SoftwareGPU(t)
	engines := map[string]*Engine{
		"schnell": open(t, Options{Schnell: filepath.Join(golden.Testdata, "models/schnell"), Device: "webgpu"}),
		"dev":     open(t, Options{Dev: filepath.Join(golden.Testdata, "models/dev"), Device: "webgpu"}),
	}
	cases := golden.Cases(t, "pixels")
	for _, name := range []string{"schnell-square", "dev-inpaint-85", "lora-peft-100"} {
		t.Run(name, func(t *testing.T) {
			c := cases[name]
			goldenRun(t, engines[c.Model], c, 2)
		})
	}
}

// webgpuPSNR is how near the embedded model's picture on the device is to the
// CPU's, in dB, at least: the sums are added in another order.
const webgpuPSNR = 55

func TestWebGPUDrawsWithTheEmbeddedModel(t *testing.T) {
	golden.SoftwareGPU(t)
	r := Request{Variant: Dev, Prompt: "a 3d emoji of a rocket", Width: 256, Height: 256, Steps: 2, Guidance: 3.5, Seeds: []int64{7}}
	want := draw(t, open(t, Options{Dev: emoji}), r).pictures[0]
	got := draw(t, open(t, Options{Dev: emoji, Device: "webgpu"}), r).pictures[0]
	if db := psnr(want, got); db < webgpuPSNR {
		t.Errorf("PSNR %.1f dB", db)
	} else {
		t.Logf("PSNR %.1f dB", db)
	}
}
