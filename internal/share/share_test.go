package share

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"easel/internal/prediction"
)

func TestState(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	ever, hour := New("p", now, 0), New("p", now, time.Hour)
	revoked := hour
	revoked.RevokedAt = now
	for _, test := range []struct {
		name  string
		share Share
		at    time.Duration
		want  State
	}{
		{"without end", ever, 1e6 * time.Hour, Open},
		{"in time", hour, time.Hour - 1, Open},
		{"at its end", hour, time.Hour, Expired},
		{"revoked", revoked, 0, Revoked},
		{"revoked, then expired", revoked, 2 * time.Hour, Revoked},
	} {
		if got := test.share.State(now.Add(test.at)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if len(ever.Token) != 26 || ever.Token == hour.Token {
		t.Errorf("tokens %s and %s", ever.Token, hour.Token)
	}
}

func TestReplaysAreBounded(t *testing.T) {
	var s Share
	for range maxReplays {
		s.Replayed("old")
	}
	s.Replayed("new")
	if len(s.Replays) != maxReplays || s.Replays[maxReplays-1] != "new" {
		t.Errorf("%d replays, the last %s", len(s.Replays), s.Replays[len(s.Replays)-1])
	}
}

// marks keeps marks in memory.
type marks map[Kind]map[string]time.Time

func (m marks) Mark(_ context.Context, k Kind, id string, at time.Time) error {
	if m[k] == nil {
		m[k] = map[string]time.Time{}
	}
	m[k][id] = at
	return nil
}

func (m marks) Unmark(_ context.Context, k Kind, id string) (bool, error) {
	_, was := m[k][id]
	delete(m[k], id)
	return was, nil
}

func (m marks) Marked(_ context.Context, k Kind) (map[string]time.Time, error) {
	return maps.Clone(m[k]), nil
}

// deleted remembers what was deleted, and fails where it is told to.
type deleted struct {
	ids  []string
	fail error
}

func (d *deleted) Delete(_ context.Context, ids ...string) error {
	if d.fail != nil {
		return d.fail
	}
	d.ids = append(d.ids, ids...)
	return nil
}

func TestBin(t *testing.T) {
	ctx, m, d := t.Context(), marks{}, &deleted{}
	b := Bin{Marks: m, Predictions: d, Log: slog.New(slog.DiscardHandler)}
	m.Mark(ctx, Star, "a", time.Now())
	if err := b.Throw(ctx, "a", "b", "c"); err != nil {
		t.Fatal(err)
	}
	soon, later := time.Now().Add(Undo/2), time.Now().Add(2*Undo)
	if err := b.empty(ctx, soon); err != nil || len(d.ids) > 0 {
		t.Fatalf("before its time %v is deleted: %v", d.ids, err)
	}
	if kept, err := b.TakeBack(ctx, "b", "unknown"); kept != 1 || err != nil {
		t.Errorf("%d taken back, %v", kept, err)
	}
	if err := b.empty(ctx, later); err != nil {
		t.Fatal(err)
	}
	slices.Sort(d.ids)
	if diff := cmp.Diff([]string{"a", "c"}, d.ids); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
	if len(m[Star]) != 0 || len(m[Binned]) != 0 {
		t.Errorf("marks left: %v", m)
	}
	if kept, _ := b.TakeBack(ctx, "a"); kept != 0 {
		t.Error("what is deleted was taken back")
	}
}

func TestBinTriesAgain(t *testing.T) {
	ctx, m, d := t.Context(), marks{}, &deleted{fail: errors.New("the disk is away")}
	b := Bin{Marks: m, Predictions: d}
	b.Throw(ctx, "a")
	if err := b.empty(ctx, time.Now().Add(2*Undo)); !errors.Is(err, d.fail) {
		t.Errorf("error %v", err)
	}
	d.fail = nil
	if err := b.empty(ctx, time.Now().Add(5*Undo)); err != nil || len(d.ids) != 1 {
		t.Errorf("the second time: %v, deleted %v", err, d.ids)
	}
	d.fail = prediction.ErrNotFound // somebody else was faster
	b.Throw(ctx, "b")
	if err := b.empty(ctx, time.Now().Add(2*Undo)); err != nil || len(m[Binned]) != 0 {
		t.Errorf("an unknown one: %v, left %v", err, m[Binned])
	}
}
