package flux

import (
	"os"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/ort"
)

// TestWebGPU holds one pass on the device to diffusers'.
func TestWebGPU(t *testing.T) {
	golden.SoftwareGPU(t)
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		t.Fatal(err)
	}
	c := golden.Cases(t, "text")["schnell-square"]
	m, err := Load(c.Folder("transformer"), true, ort.Options{Device: ort.WebGPU})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	rows, cols := grid(t, c)
	states := c.Floats(t, "text")
	p, err := m.NewPass(Text{states, c.Floats(t, "pooled"), len(states) / m.Config.TextWidth}, rows, cols, c.Guidance, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	copy(p.Latents, c.Floats(t, "latents.0"))
	if err := p.Run(t.Context(), c.Floats(t, "timesteps")[0]/1000); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "velocity", p.Velocity, c.Floats(t, "velocity.0"), tolerance)
}
