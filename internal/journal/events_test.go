package journal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"easel/internal/journal"
	"easel/internal/prediction"
)

func event(t prediction.EventType, data string) prediction.Event {
	return prediction.Event{Type: t, At: time.Now().UTC(), Data: json.RawMessage(data)}
}

// appendAll adds events of these types.
func appendAll(t *testing.T, w *world, id string, types ...prediction.EventType) {
	t.Helper()
	for _, typ := range types {
		if _, err := w.Events.Append(context.Background(), id, event(typ, `{}`)); err != nil {
			t.Fatal(err)
		}
	}
}

func story(list []prediction.Event) (s string) {
	for _, e := range list {
		s += fmt.Sprintf("%d %s, ", e.N, e.Type)
	}
	return s
}

func collect(t *testing.T, c <-chan prediction.Event) (list []prediction.Event) {
	t.Helper()
	for limit := time.After(20 * time.Second); ; {
		select {
		case e, ok := <-c:
			if !ok {
				return list
			}
			list = append(list, e)
		case <-limit:
			t.Fatalf("followed for 20 s: %d events, the last %s", len(list), story(list[max(0, len(list)-3):]))
		}
	}
}

const (
	started = prediction.EventStarted
	step    = prediction.EventStep
	done    = prediction.EventDone
)

func TestEvents(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		p, _ := create(t, w, record(1, "x"))
		appendAll(t, w, p.ID, started, step)
		w = w.reopen() // the next number comes from the disk
		e, err := w.Events.Append(t.Context(), p.ID, event(step, `{"step":2}`))
		if err != nil || e.N != 4 {
			t.Fatalf("appended number %d, error %v", e.N, err)
		}
		appendAll(t, w, p.ID, done)
		_, err = w.Events.Append(t.Context(), p.ID, event(step, `{}`))
		wantErr(t, "append after done", err, prediction.ErrConflict)
		_, err = w.reopen().Events.Append(t.Context(), p.ID, event(done, `{}`))
		wantErr(t, "a second done", err, prediction.ErrConflict)
	})
}

func TestReplay(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		p, _ := create(t, w, record(1, "x"))
		appendAll(t, w, p.ID, started, step, step, done)
		for after, want := range map[uint64]string{
			0: "1 queued, 2 started, 3 step, 4 step, 5 done, ",
			1: "2 started, 3 step, 4 step, 5 done, ",
			4: "5 done, ",
			9: "",
		} {
			list, err := w.Events.Replay(t.Context(), p.ID, after)
			if err != nil || story(list) != want {
				t.Errorf("after %d: %q, want %q, error %v", after, story(list), want, err)
			}
		}
		if err := w.Events.Delete(t.Context(), p.ID); err != nil {
			t.Fatal(err)
		}
		list, err := w.Events.Replay(t.Context(), p.ID, 0)
		if err != nil || story(list) != "1 queued, " {
			t.Errorf("after delete: %q, error %v", story(list), err)
		}
		_, err = w.Events.Replay(t.Context(), "nobody", 0)
		wantErr(t, "replay of an unknown id", err, prediction.ErrNotFound)
		_, _, err = w.Events.Follow(t.Context(), "nobody", 0)
		wantErr(t, "follow of an unknown id", err, prediction.ErrNotFound)
	})
}

// A log longer than the server gives at once.
func TestReplayLong(t *testing.T) {
	w := open(t, journal.Options{Dir: t.TempDir()})
	p, _ := create(t, w, record(1, "x"))
	const n = 2300
	for range n {
		appendAll(t, w, p.ID, step)
	}
	list, err := w.Events.Replay(t.Context(), p.ID, 0)
	if err != nil || len(list) != n+1 || list[n].N != n+1 {
		t.Errorf("%d events, error %v", len(list), err)
	}
}

// Whoever appends, numbers have no gap and no double, in two processes, too.
func TestEventsNumbering(t *testing.T) {
	url := external(t)
	worlds := []*world{open(t, journal.Options{URL: url}), open(t, journal.Options{URL: url})}
	p, _ := create(t, worlds[0], record(1, "x"))
	const writers, each = 4, 25
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			for range each {
				if _, err := worlds[i%2].Events.Append(context.Background(), p.ID, event(step, `{}`)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	list := must[[]prediction.Event](t)(worlds[0].Events.Replay(t.Context(), p.ID, 0))
	if len(list) != writers*each+1 {
		t.Fatalf("%d events", len(list))
	}
	for i, e := range list {
		if e.N != uint64(i+1) {
			t.Fatalf("event %d has number %d", i+1, e.N)
		}
	}
}

// Followers from any number see the same rest, whether they come before,
// during or after the run.
func TestFollow(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		p, _ := create(t, w, record(1, "x"))
		const steps, followers = 40, 30
		var group sync.WaitGroup
		for i := range followers {
			group.Go(func() {
				time.Sleep(time.Duration(i) * 3 * time.Millisecond)
				after := uint64(i % 7)
				events, _, err := w.Events.Follow(t.Context(), p.ID, after)
				if err != nil {
					t.Error(err)
					return
				}
				for j, e := range collect(t, events) {
					if e.N != after+uint64(j)+1 {
						t.Errorf("follower %d after %d: event %d has number %d", i, after, j, e.N)
						return
					}
				}
			})
		}
		appendAll(t, w, p.ID, started)
		for range steps {
			appendAll(t, w, p.ID, step)
		}
		appendAll(t, w, p.ID, done)
		group.Wait()
		events, _, _ := w.Events.Follow(t.Context(), p.ID, 0)
		if list := collect(t, events); len(list) != steps+3 {
			t.Errorf("late follower saw %d events, want %d", len(list), steps+3)
		}
	})
}

func TestFollowEndsWithContext(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		p, _ := create(t, w, record(1, "x"))
		ctx, stop := context.WithCancel(t.Context())
		events, previews, err := w.Events.Follow(ctx, p.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		<-events
		stop()
		collect(t, events)
		for range previews {
		}
	})
}

// The number comes from a caller, who may write any.
func TestFollowFromFarAhead(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		p, _ := create(t, w, record(1, "x"))
		for _, after := range []uint64{5, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64} {
			events, _, err := w.Events.Follow(t.Context(), p.ID, after)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if list := collect(t, events); len(list) > 0 {
					t.Errorf("after %d: %s", after, story(list))
				}
			}()
		}
		appendAll(t, w, p.ID, started, done)
	})
}

// A follower that does not read misses previews, never events, and stops nobody.
func TestSlowFollower(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		p, _ := create(t, w, record(1, "x"))
		slow, slowPreviews, err := w.Events.Follow(t.Context(), p.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		quick, quickPreviews, err := w.Events.Follow(t.Context(), p.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		seen := make(chan uint32, 1000)
		go func() {
			defer close(seen)
			for p := range quickPreviews {
				seen <- p.Step
			}
		}()
		const steps = 200
		for i := range steps {
			appendAll(t, w, p.ID, step)
			jpeg := []byte{byte(i)}
			if err := w.Events.PublishPreview(p.ID, prediction.Preview{Step: uint32(i), JPEG: jpeg}); err != nil {
				t.Fatal(err)
			}
		}
		appendAll(t, w, p.ID, done)
		if list := collect(t, quick); len(list) != steps+2 {
			t.Errorf("quick follower saw %d events", len(list))
		}
		last, n := -1, 0
		for s := range seen {
			if int(s) <= last {
				t.Errorf("preview %d after %d", s, last)
			}
			last, n = int(s), n+1
		}
		if n == 0 {
			t.Error("quick follower saw no preview")
		}
		latest := <-slowPreviews
		if latest.Step < 100 || latest.JPEG[0] != byte(latest.Step) {
			t.Errorf("slow follower's one preview is of step %d", latest.Step)
		}
		if list := collect(t, slow); len(list) != steps+2 {
			t.Errorf("slow follower saw %d events", len(list))
		}
	})
}

func TestEventsRetention(t *testing.T) {
	w := open(t, journal.Options{Dir: t.TempDir(), EventsBytes: 20_000})
	p, _ := create(t, w, record(1, "x"))
	for range 500 {
		appendAll(t, w, p.ID, step)
	}
	list := must[[]prediction.Event](t)(w.Events.Replay(t.Context(), p.ID, 0))
	if last := list[len(list)-1]; last.N != 501 || len(list) > 300 {
		t.Errorf("%d events kept, the last %d", len(list), last.N)
	}
}
