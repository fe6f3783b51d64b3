package api

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestCreateLatency measures create → 201 at 50 requests a second, the engine
// idle and every write synced, beside what a bare 4 KiB fsync costs here.
func TestCreateLatency(t *testing.T) {
	if os.Getenv("EASEL_SOAK") == "" {
		t.Skip("EASEL_SOAK=1 measures")
	}
	w := newWorld(t, worldOptions{noWorker: true})
	const n = 500
	var took, synced []time.Duration
	tick := time.NewTicker(time.Second / 50)
	defer tick.Stop()
	for range n {
		<-tick.C
		took = append(took, w.input(t, `{"prompt":"a fox"}`).is(201).took)
	}
	for range 100 {
		synced = append(synced, fsync(t, filepath.Join(w.dir, "probe")))
	}
	p := func(all []time.Duration, q float64) time.Duration {
		slices.Sort(all)
		return all[int(q*float64(len(all)-1))]
	}
	t.Logf("create: p50 %v, p99 %v; 4 KiB fsync: p50 %v, p99 %v", p(took, .5), p(took, .99), p(synced, .5), p(synced, .99))
	if bar := max(3*time.Millisecond, 3*p(synced, .5)); p(took, .5) > bar {
		t.Errorf("p50 is over %v", bar)
	}
}

func fsync(t *testing.T, path string) time.Duration {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	began := time.Now()
	if _, err := f.Write(make([]byte, 4096)); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}
