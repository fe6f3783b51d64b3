package journal_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"easel/internal/journal"
	"easel/internal/prediction"
	"easel/internal/share"
)

var (
	_ share.Shares = (*journal.Shelf)(nil)
	_ share.Marks  = (*journal.Shelf)(nil)
)

func shelf(t *testing.T, w *world) *journal.Shelf {
	t.Helper()
	s, err := w.Shelf(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestShares(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		ctx, s := t.Context(), shelf(t, w)
		now := time.Now()
		older, newer := share.New("p1", now.Add(-time.Hour), 0), share.New("p1", now, time.Hour)
		for _, sh := range []share.Share{older, newer, share.New("p2", now, 0)} {
			if err := s.Add(ctx, sh); err != nil {
				t.Fatal(err)
			}
		}
		got := must[[]share.Share](t)(s.Of(ctx, "p1"))
		if diff := cmp.Diff([]share.Share{newer, older}, got); diff != "" {
			t.Errorf("shares of p1 (-want +got):\n%s", diff)
		}
		for _, token := range []string{"unknown", "", "a b", ">", strings.Repeat("x", 300)} {
			_, err := s.Get(ctx, token)
			wantErr(t, "an unknown token", err, prediction.ErrNotFound)
		}
		changed := must[share.Share](t)(s.Change(ctx, newer.Token, func(sh *share.Share) { sh.RevokedAt = now.UTC() }))
		w = w.reopen()
		again := must[share.Share](t)(shelf(t, w).Get(ctx, newer.Token))
		if diff := cmp.Diff(changed, again); diff != "" || again.State(now) != share.Revoked {
			t.Errorf("after a restart (-want +got):\n%s", diff)
		}
		if n := len(must[[]share.Share](t)(shelf(t, w).Of(ctx, "p1"))); n != 2 {
			t.Errorf("after a restart p1 has %d shares", n)
		}
	})
}

func TestChangesOfAShareAllCount(t *testing.T) {
	w := open(t, journal.Options{Dir: t.TempDir()})
	s, sh := shelf(t, w), share.New("p", time.Now(), 0)
	if err := s.Add(t.Context(), sh); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := s.Change(t.Context(), sh.Token, func(sh *share.Share) { sh.Replayed("run") }); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := must[share.Share](t)(s.Get(t.Context(), sh.Token)); len(got.Replays) != 8 {
		t.Errorf("%d of 8 changes", len(got.Replays))
	}
}

func TestMarks(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		ctx, s := t.Context(), shelf(t, w)
		at := time.Now().UTC().Round(0)
		for _, id := range []string{"a", "b"} {
			if err := s.Mark(ctx, share.Star, id, at); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Mark(ctx, share.Binned, "a", at); err != nil {
			t.Fatal(err)
		}
		var mine int
		for range 2 {
			if must[bool](t)(s.Unmark(ctx, share.Star, "b")) {
				mine++
			}
		}
		if mine != 1 {
			t.Errorf("one mark was taken away %d times", mine)
		}
		want := map[string]time.Time{"a": at}
		if diff := cmp.Diff(want, must[map[string]time.Time](t)(s.Marked(ctx, share.Star))); diff != "" {
			t.Errorf("stars (-want +got):\n%s", diff)
		}
		if err := s.Mark(ctx, share.Star, "b", at); err != nil {
			t.Fatal(err)
		}
		again := must[map[string]time.Time](t)(shelf(t, w.reopen()).Marked(ctx, share.Star))
		if len(again) != 2 {
			t.Errorf("after a restart: %v", again)
		}
	})
}
