package prediction

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// end changes a record that is not final into one that is. Whoever's write
// passes the revision guard has ended it; everybody else finds it ended. An
// error from change leaves the record as it is.
func end(ctx context.Context, store Store, id string, change func(*Prediction) error) (p Prediction, ended bool, err error) {
	for {
		p, rev, err := store.Get(ctx, id)
		if err != nil || p.Status.Final() {
			return p, false, err
		}
		if err := change(&p); err != nil {
			return p, false, err
		}
		if _, err = store.Update(ctx, p, rev); err == nil {
			return p, true, nil
		}
		if !errors.Is(err, ErrConflict) {
			return p, false, err
		}
	}
}

// tellDone appends the last event; a log that has it already stays as it is.
func tellDone(ctx context.Context, events Events, p Prediction) error {
	if _, err := events.Append(ctx, p.ID, doneEvent(p)); err != nil && !errors.Is(err, ErrConflict) {
		return err
	}
	return nil
}

func doneEvent(p Prediction) Event {
	e := newEvent(EventDone, map[string]any{"status": p.Status, "error": p.Error})
	if p.CompletedAt != nil {
		e.At = *p.CompletedAt
	}
	return e
}

func newEvent(t EventType, data any) Event {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err) // only this package's own plain maps come here
	}
	return Event{Type: t, At: time.Now().UTC(), Data: raw}
}

// stamp is a time as the records keep it: UTC, whole microseconds.
func stamp(t time.Time) *time.Time {
	t = t.UTC().Truncate(time.Microsecond)
	return &t
}
