package sampling

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"testing"
)

func TestNormalIsTorchs(t *testing.T) {
	var runs []struct {
		Seed  int64
		Draws []struct {
			N           int
			SHA256      string
			First, Last []uint32
		}
	}
	readJSON(t, "../testdata/sampling/noise.json", &runs)
	for _, run := range runs {
		g := NewGenerator(run.Seed)
		for i, want := range run.Draws {
			got := g.Normal(want.N)
			if hash(got) == want.SHA256 {
				continue
			}
			t.Errorf("seed %d, draw %d of %d values differs: starts %v, want %v", run.Seed, i, want.N,
				got[:min(4, len(got))], floats(want.First)[:min(4, len(got))])
		}
	}
}

func hash(values []float32) string {
	h := sha256.New()
	for _, v := range values {
		h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func floats(bits []uint32) []float32 {
	out := make([]float32, len(bits))
	for i, b := range bits {
		out[i] = math.Float32frombits(b)
	}
	return out
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func BenchmarkNormal(b *testing.B) {
	g := NewGenerator(1)
	for b.Loop() {
		g.Normal(16 * 128 * 128)
	}
}
