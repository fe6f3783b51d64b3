package journal_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"easel/internal/prediction"
)

func TestStore(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p, rev := create(t, w, record(1, "a cat"))
		_, err := w.Store.Create(ctx, p)
		wantErr(t, "same id again", err, prediction.ErrExists)

		got, gotRev, err := w.Store.Get(ctx, p.ID)
		if err != nil || gotRev != rev {
			t.Fatalf("revision %d, error %v", gotRev, err)
		}
		if diff := cmp.Diff(p, got); diff != "" {
			t.Error(diff)
		}

		p.Status, p.Logs = prediction.Processing, "line\n"
		rev2, err := w.Store.Update(ctx, p, rev)
		if err != nil || rev2 <= rev {
			t.Fatalf("revision %d after %d, error %v", rev2, rev, err)
		}
		_, err = w.Store.Update(ctx, p, rev)
		wantErr(t, "old revision", err, prediction.ErrConflict)

		_, _, err = w.Store.Get(ctx, "nobody")
		wantErr(t, "unknown id", err, prediction.ErrNotFound)
		wantErr(t, "delete unknown id", w.Store.Delete(ctx, "nobody"), prediction.ErrNotFound)

		if err := w.Store.Delete(ctx, p.ID); err != nil {
			t.Fatal(err)
		}
		_, _, err = w.Store.Get(ctx, p.ID)
		wantErr(t, "deleted id", err, prediction.ErrNotFound)
		_, err = w.Store.Update(ctx, p, rev2)
		wantErr(t, "update after delete", err, prediction.ErrConflict)
		if page := must[prediction.Page](t)(w.Store.List(ctx, prediction.Query{})); len(page.Results) != 0 {
			t.Errorf("deleted record listed: %s", ids(page))
		}
	})
}

// Of many writers that read the same revision, one passes.
func TestStoreGuard(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		p, rev := create(t, w, record(1, "a cat"))
		const writers = 16
		results := make(chan error, writers)
		for range writers {
			go func() {
				_, err := w.Store.Update(context.Background(), p, rev)
				results <- err
			}()
		}
		passed := 0
		for range writers {
			if err := <-results; err == nil {
				passed++
			} else {
				wantErr(t, "update", err, prediction.ErrConflict)
			}
		}
		if passed != 1 {
			t.Errorf("%d writers passed the guard", passed)
		}
	})
}

func TestHistorySurvives(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		for i := range 5 {
			p, rev := create(t, w, record(i, "a cat"))
			if i%2 == 0 {
				p.Status = prediction.Succeeded
				must[uint64](t)(w.Store.Update(t.Context(), p, rev))
			}
		}
		gone, _ := create(t, w, record(9, "gone"))
		if err := w.Store.Delete(t.Context(), gone.ID); err != nil {
			t.Fatal(err)
		}
		before := must[prediction.Page](t)(w.Store.List(t.Context(), prediction.Query{}))
		w = w.reopen()
		after := must[prediction.Page](t)(w.Store.List(t.Context(), prediction.Query{}))
		if diff := cmp.Diff(before, after); diff != "" || ids(after) != "4 3 2 1 0" {
			t.Errorf("%s: %s", ids(after), diff)
		}
		if used, err := w.Store.Used(t.Context()); err != nil || used == 0 {
			t.Errorf("used %d, %v", used, err)
		}
	})
}

func TestQueries(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		prompts := []string{"a red Cat", "a dog", "CAT and dog", "ein Käfer", "a cat, red"}
		for i, prompt := range prompts {
			p := record(i, prompt)
			if i == 1 {
				p.Status, p.Source, p.Output = prediction.Failed, "web", []string{"token"}
			}
			if i == 2 {
				deadline := p.CreatedAt.Add(time.Minute)
				p.Deadline = &deadline
			}
			create(t, w, p)
		}
		at := func(s int) time.Time { return time.Date(2026, 1, 1, 0, 0, s, 0, time.UTC) }
		for _, c := range []struct {
			q    prediction.Query
			want string
		}{
			{prediction.Query{}, "4 3 2 1 0"},
			{prediction.Query{OldestFirst: true}, "0 1 2 3 4"},
			{prediction.Query{Search: "cat"}, "4 2 0"},
			{prediction.Query{Search: "RED cat"}, "4 0"},
			{prediction.Query{Search: "käfer"}, "3"},
			{prediction.Query{Search: "elephant"}, ""},
			{prediction.Query{Status: prediction.Failed}, "1"},
			{prediction.Query{Source: "web"}, "1"},
			{prediction.Query{CreatedAfter: at(1), CreatedBefore: at(3)}, "2 1"},
			{prediction.Query{WithFiles: true}, "1"},
			{prediction.Query{DeadlineBefore: at(63)}, "2"},
			{prediction.Query{DeadlineBefore: at(62)}, ""},
		} {
			page, err := w.Store.List(t.Context(), c.q)
			if err != nil || ids(page) != c.want || page.Next != "" || page.Previous != "" {
				t.Errorf("%+v: %q, want %q; next %q, previous %q, error %v", c.q, ids(page), c.want, page.Next, page.Previous, err)
			}
		}
	})
}

func TestPages(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		for i := range 7 {
			create(t, w, record(i, "a cat"))
		}
		list := must[prediction.Page](t)
		for _, c := range []struct {
			oldest bool
			pages  []string
		}{
			{false, []string{"6 5 4", "3 2 1", "0"}},
			{true, []string{"0 1 2", "3 4 5", "6"}},
		} {
			q := prediction.Query{Limit: 3, OldestFirst: c.oldest}
			var page prediction.Page
			for i, want := range c.pages { // onward
				page = list(w.Store.List(t.Context(), q))
				if ids(page) != want || (page.Previous == "") != (i == 0) || (page.Next == "") != (i == 2) {
					t.Errorf("page %d: %q, want %q; %+v", i, ids(page), want, page)
				}
				q.Cursor = page.Next
			}
			for i := 1; i >= 0; i-- { // and back
				q.Cursor = page.Previous
				page = list(w.Store.List(t.Context(), q))
				if ids(page) != c.pages[i] || (page.Previous == "") != (i == 0) || page.Next == "" {
					t.Errorf("back to page %d: %q, want %q; %+v", i, ids(page), c.pages[i], page)
				}
			}
		}
		// A page stays where it is while new predictions arrive.
		q := prediction.Query{Limit: 3}
		q.Cursor = list(w.Store.List(t.Context(), q)).Next
		create(t, w, record(30, "new"))
		if page := list(w.Store.List(t.Context(), q)); ids(page) != "3 2 1" {
			t.Errorf("second page moved: %s", ids(page))
		}
		for _, bad := range []string{"x", "!!", "bjE", "bngueA"} {
			_, err := w.Store.List(t.Context(), prediction.Query{Cursor: bad})
			wantErr(t, "cursor "+bad, err, prediction.ErrInvalid)
		}
	})
}
