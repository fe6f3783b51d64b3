package clip

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
	for name, g := range golden.Cases(t, "clip_ids") {
		t.Run(name, func(t *testing.T) {
			for _, adapted := range []bool{false, true} {
				m, err := Load(g.Folder("text_encoder"), adapted, ort.Options{Threads: 1})
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close()
				got, err := m.Encode(t.Context(), g.Ints(t, "clip_ids"), nil)
				if err != nil {
					t.Fatal(err)
				}
				golden.Compare(t, "pooled", got, g.Floats(t, "pooled"), tolerance)
			}
		})
	}
}

func TestPool(t *testing.T) {
	for _, tt := range []struct {
		desc string
		eos  int64
		ids  []int64
		want int
	}{
		{"first end token, also used as padding", 9, []int64{8, 3, 9, 9, 9}, 2},
		{"legacy: first of the highest", 2, []int64{8, 3, 9, 9, 0}, 2},
		{"legacy: an added token is higher", 2, []int64{8, 12, 9, 9, 9}, 1},
		{"no end token", 9, []int64{8, 3, 4}, 0},
	} {
		if got := (Config{EOS: tt.eos}).Pool(tt.ids); got != tt.want {
			t.Errorf("%s: Pool(%v) = %d, want %d", tt.desc, tt.ids, got, tt.want)
		}
	}
}
