package flux

import (
	"fmt"
	"os"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/ort"
)

// tolerance is for velocities of about 3: float32 rounding, and torch's float32 exp,
// whose last bit shows in the embedding of large guidance values.
const tolerance = 2e-4

// TestVelocity compares each step's pass with diffusers'.
func TestVelocity(t *testing.T) {
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		t.Fatal(err)
	}
	for name, c := range golden.Cases(t, "text") {
		t.Run(name, func(t *testing.T) {
			for _, adapted := range []bool{false, true} {
				m, err := Load(c.Folder("transformer"), adapted, ort.Options{Threads: 1})
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close()
				rows, cols := grid(t, c)
				states := c.Floats(t, "text")
				text := Text{States: states, Pooled: c.Floats(t, "pooled"), Tokens: len(states) / m.Config.TextWidth}
				p, err := m.NewPass(text, rows, cols, c.Guidance, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				times := c.Floats(t, "timesteps")
				for k := 0; ; k++ {
					if !c.Has(fmt.Sprintf("velocity.%d", k)) {
						break
					}
					copy(p.Latents, c.Floats(t, fmt.Sprintf("latents.%d", k)))
					if err := p.Run(t.Context(), times[c.FirstStep+k]/1000); err != nil {
						t.Fatal(err)
					}
					golden.Compare(t, fmt.Sprintf("step %d, adapted %v", k, adapted), p.Velocity, c.Floats(t, fmt.Sprintf("velocity.%d", k)), tolerance)
				}
			}
		})
	}
}

// grid is the golden's size in tokens, which its packed positions tell.
func grid(t *testing.T, c golden.Case) (rows, cols int) {
	ids := c.Floats(t, "img_ids")
	last := ids[len(ids)-3:]
	return int(last[1]) + 1, int(last[2]) + 1
}
