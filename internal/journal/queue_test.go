package journal_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"easel/internal/prediction"
)

func enqueue(t *testing.T, w *world, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := w.Queue.Enqueue(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
}

func receive(t *testing.T, w *world, want string) prediction.Delivery {
	t.Helper()
	d, err := w.Queue.Receive(timeout(t, 10*time.Second))
	if err != nil {
		t.Fatalf("waiting for %s: %v", want, err)
	}
	if d.ID() != want {
		t.Fatalf("received %s, want %s", d.ID(), want)
	}
	return d
}

func wantEmpty(t *testing.T, w *world, wait time.Duration) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), wait)
	defer stop()
	if d, err := w.Queue.Receive(ctx); err == nil {
		t.Errorf("received %s from an empty queue", d.ID())
	} else if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("empty queue: %v", err)
	}
}

func TestQueue(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		enqueue(t, w, "a", "b", "a") // a waits already
		a := receive(t, w, "a")
		enqueue(t, w, "a") // or is being worked on
		b := receive(t, w, "b")
		if err := errors.Join(a.Done(), b.Done()); err != nil {
			t.Fatal(err)
		}
		wantEmpty(t, w, 1300*time.Millisecond) // longer than AckWait

		enqueue(t, w, "a") // again after its end is again
		receive(t, w, "a").Done()
	})
}

// A worker that falls silent loses its prediction to the next one.
func TestQueueRedelivers(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		enqueue(t, w, "a")
		receive(t, w, "a")
		began := time.Now()
		receive(t, w, "a").Done()
		if took := time.Since(began); took < 500*time.Millisecond || took > 3*time.Second {
			t.Errorf("delivered again after %v, AckWait is 1 s", took)
		}
	})
}

func TestQueueHeartbeat(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		enqueue(t, w, "a")
		d := receive(t, w, "a")
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			for ctx.Err() == nil {
				d.Heartbeat()
				time.Sleep(300 * time.Millisecond)
			}
		}()
		wantEmpty(t, w, 2500*time.Millisecond)
		stop()
		d.Done()
	})
}

func TestQueueReturn(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		enqueue(t, w, "a")
		if err := receive(t, w, "a").Return(0); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := receive(t, w, "a").Return(500 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		receive(t, w, "a").Done()
		if took := time.Since(began); took < 450*time.Millisecond || took > 2*time.Second {
			t.Errorf("returned for 500 ms, delivered again after %v", took)
		}
	})
}

func TestQueueSurvives(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		enqueue(t, w, "done", "held", "waiting")
		receive(t, w, "done").Done()
		receive(t, w, "held")
		w = w.reopen()
		first, err := w.Queue.Receive(timeout(t, 10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		second, err := w.Queue.Receive(timeout(t, 10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if got := map[string]bool{first.ID(): true, second.ID(): true}; !got["held"] || !got["waiting"] {
			t.Errorf("received %v", got)
		}
	})
}

func TestPosition(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		first, rev := create(t, w, record(1, "x"))
		second, _ := create(t, w, record(2, "x"))
		for id, want := range map[string]int{first.ID: 1, second.ID: 2, "nobody": 0} {
			if got, err := w.Queue.Position(t.Context(), id); got != want || err != nil {
				t.Errorf("%s at %d, want %d, error %v", id, got, want, err)
			}
		}
		first.Status = prediction.Processing
		must[uint64](t)(w.Store.Update(t.Context(), first, rev))
		for id, want := range map[string]int{first.ID: 0, second.ID: 1} {
			if got, _ := w.Queue.Position(t.Context(), id); got != want {
				t.Errorf("%s at %d, want %d", id, got, want)
			}
		}
	})
}

func TestCancel(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		mine, err := w.Canceler.OnCancel(ctx, "a")
		if err != nil {
			t.Fatal(err)
		}
		other, err := w.Canceler.OnCancel(ctx, "b")
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := w.Canceler.Cancel(ctx, "a"); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case <-mine:
		case <-time.After(2 * time.Second):
			t.Error("not canceled")
		}
		select {
		case <-other:
			t.Error("another one canceled")
		case <-time.After(50 * time.Millisecond):
		}
	})
}
