package quant

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"easel/internal/engine/safetensors"
)

// checkpoint writes one with matrices a and b into a new folder.
func checkpoint(t *testing.T, change func(a []float32)) *safetensors.Checkpoint {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	matrix := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	a, b, c := matrix(100*30), matrix(700*600), matrix(70*128)
	if change != nil {
		change(a)
	}
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	if err := safetensors.WriteFile(path, []safetensors.Data{
		safetensors.NewF32("a", a, 100, 30), safetensors.NewF32("b", b, 700, 600), safetensors.NewF32("c", c, 70, 128), safetensors.NewF32("vector", b[:9], 9),
	}, nil); err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

var both = []Weight{{"a", Rows}, {"b", Rows}}

func prepare(t *testing.T, source *safetensors.Checkpoint, folder string) (c *safetensors.Checkpoint, written bool) {
	t.Helper()
	c, err := Prepare(t.Context(), source, both, Cache{folder, func(done, total int64) { written = true }})
	if err != nil {
		t.Fatal(err)
	}
	return c, written
}

func files(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWeightsAreRoundedToTheNearestStep(t *testing.T) {
	checkpoint := checkpoint(t, nil)
	folder := t.TempDir()
	for _, form := range []Form{Rows, Blocks8, Blocks4} {
		c, err := Prepare(t.Context(), checkpoint, []Weight{{"c", form}}, Cache{Folder: folder})
		if err != nil {
			t.Fatal(err)
		}
		was, _ := checkpoint.Tensor("c")
		want, err := was.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		x, _ := c.Tensor("c")
		s, _ := c.Tensor(ScaleOf("c"))
		q, err := x.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		scales, err := s.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		out, in := int(was.Shape[0]), int(was.Shape[1])
		for o := range out {
			for i := range in {
				w := float64(want[o*in+i])
				var steps, step float64
				half := 0.5001
				switch at := o*in + i; form {
				case Rows:
					steps, step = float64(int8(q[i*out+o])), float64(scales[o])
				case Blocks8:
					steps, step = float64(q[at])-128, float64(scales[at/Block])
				case Blocks4:
					steps, step = float64(q[at/2]>>(4*(at%2))&15)-8, float64(scales[at/Block])
					if steps == 7 {
						half = 1.0001 // 8 steps on this side are cut to 7
					}
				}
				if d := math.Abs(w - steps*step); d > math.Abs(step)*half {
					t.Fatalf("%s[%d %d] = %g is off by %g, the step being %g", form, o, i, w, d, step)
				}
			}
		}
	}
	if n := files(t, folder); len(n) != 3 {
		t.Errorf("three forms made %q", n)
	}
}

func TestWeightsAreRoundedOnce(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made", "when needed")
	if _, written := prepare(t, checkpoint(t, nil), folder); !written {
		t.Fatal("nothing was written the first time")
	}
	if _, written := prepare(t, checkpoint(t, nil), folder); written {
		t.Error("equal weights in another folder were rounded again")
	}
	if _, written := prepare(t, checkpoint(t, func(a []float32) { a[1234]++ }), folder); !written {
		t.Error("a changed weight was not noticed")
	}
	if n := files(t, folder); len(n) != 2 {
		t.Errorf("the folder holds %q, want two files", n)
	}
}

func TestADamagedFileIsWrittenAgain(t *testing.T) {
	folder, source := t.TempDir(), checkpoint(t, nil)
	prepare(t, source, folder)
	path := filepath.Join(folder, files(t, folder)[0])
	if err := os.Truncate(path, 5000); err != nil {
		t.Fatal(err)
	}
	if _, written := prepare(t, source, folder); !written {
		t.Error("a truncated file was used")
	}
}

func TestACancelLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	_, err := Prepare(ctx, checkpoint(t, nil), both, Cache{folder, func(int64, int64) { stop() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := files(t, folder); len(n) != 0 {
		t.Errorf("left %q", n)
	}
}

func TestNaNStaysOne(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	raw, scales := rows([]float32{1, nan, 2, 0, 0, 0, -1, inf, 0, -4, 2, 1}, 4, 3)
	q := unsafe.Slice((*int8)(unsafe.Pointer(&raw[0])), len(raw))
	if !math.IsNaN(float64(scales[0])) || !math.IsInf(float64(scales[2]), 1) {
		t.Errorf("scales %v hide a NaN or an infinity", scales)
	}
	if scales[1] != 0 || scales[3] != 4./127 || q[3] != -127 || q[7] != 64 || q[11] != 32 {
		t.Errorf("scales %v, rounded %v", scales, q)
	}
}

func TestOnlyMatricesThatAreThere(t *testing.T) {
	_, err := Prepare(t.Context(), checkpoint(t, nil), []Weight{{"a", Blocks8}, {"none", Rows}, {"vector", Rows}}, Cache{Folder: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), `"none" is missing`) || !strings.Contains(err.Error(), `"vector" is [9]`) || !strings.Contains(err.Error(), "no multiple of 32") {
		t.Errorf("got %v", err)
	}
}
