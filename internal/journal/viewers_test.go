package journal_test

import (
	"flag"
	"sync"
	"testing"
	"time"

	"easel/internal/journal"
	"easel/internal/prediction"
)

var viewers = flag.Int("viewers", 100, "how many followers TestViewers has")

// TestViewers follows one run by many; every tenth stops reading, and slows nobody.
func TestViewers(t *testing.T) {
	w := open(t, journal.Options{Dir: t.TempDir()})
	p, _ := create(t, w, record(1, "x"))
	const steps = 60
	var group sync.WaitGroup
	for i := range *viewers {
		events, _, err := w.Events.Follow(t.Context(), p.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		if i%10 == 9 {
			continue // never reads
		}
		group.Go(func() {
			list := collect(t, events)
			for j, e := range list {
				if e.N != uint64(j+1) {
					t.Errorf("event %d has number %d", j+1, e.N)
					return
				}
			}
			if len(list) != steps+2 {
				t.Errorf("saw %d events, want %d", len(list), steps+2)
			}
		})
	}
	began := time.Now()
	for i := range steps {
		appendAll(t, w, p.ID, step)
		if err := w.Events.PublishPreview(p.ID, prediction.Preview{Step: uint32(i), JPEG: make([]byte, 10_000)}); err != nil {
			t.Fatal(err)
		}
	}
	appendAll(t, w, p.ID, done)
	written := time.Since(began)
	group.Wait()
	t.Logf("%d viewers: %d events written in %v, seen by all %v later", *viewers, steps+1, written, time.Since(began)-written)
}
