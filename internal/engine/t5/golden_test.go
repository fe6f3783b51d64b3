package t5

import (
	"os"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/ort"
)

// tolerance is of float32 sums in another order.
const tolerance = 1e-5

func start(t testing.TB) {
	t.Helper()
	if err := ort.Init(os.Getenv("EASEL_ORT_LIB")); err != nil {
		t.Fatal(err)
	}
}

func TestEncode(t *testing.T) {
	start(t)
	for name, g := range golden.Cases(t, "t5_ids") {
		t.Run(name, func(t *testing.T) {
			for _, adapted := range []bool{false, true} {
				m, err := Load(g.Folder("text_encoder_2"), adapted, ort.Options{Threads: 1})
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close()
				got, err := m.Encode(t.Context(), g.Ints(t, "t5_ids"), nil)
				if err != nil {
					t.Fatal(err)
				}
				golden.Compare(t, "text", got, g.Floats(t, "text"), tolerance)
			}
		})
	}
}

// TestWebGPU: more tokens than the fused attention's tile, where it is wrong.
func TestWebGPU(t *testing.T) {
	golden.SoftwareGPU(t)
	start(t)
	g := golden.Cases(t, "t5_ids")["dev-long"]
	m, err := Load(g.Folder("text_encoder_2"), true, ort.Options{Device: ort.WebGPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	got, err := m.Encode(t.Context(), g.Ints(t, "t5_ids"), nil)
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "text", got, g.Floats(t, "text"), 1e-4)
}
