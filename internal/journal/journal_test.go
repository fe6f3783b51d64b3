package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"easel/internal/journal"
	"easel/internal/journal/journaltest"
	"easel/internal/prediction"
)

// world is a journal under test that can be closed and opened again.
type world struct {
	*journal.Journal
	prediction.Ports
	reopen func() *world
}

// contract runs a test on the embedded server and on an external one.
func contract(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("embedded", func(t *testing.T) {
		test(t, open(t, journal.Options{Dir: t.TempDir(), AckWait: time.Second}))
	})
	t.Run("external", func(t *testing.T) {
		test(t, open(t, journal.Options{URL: external(t), AckWait: time.Second}))
	})
}

func open(t *testing.T, opts journal.Options) *world {
	t.Helper()
	j, err := journal.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	if err := j.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &world{j, j.Ports(), func() *world {
		j.Close()
		return open(t, opts)
	}}
}

// external starts a server on a port, as an operator would beside Easel.
func external(t *testing.T) string {
	url, _ := journaltest.Serve(t, t.TempDir(), true)
	return url
}

// record makes the nth of a row of predictions.
func record(n int, prompt string) prediction.Prediction {
	at := time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC)
	input, _ := json.Marshal(map[string]any{"prompt": prompt})
	return prediction.Prediction{
		ID: prediction.NewID(at), Model: "easel/emoji", Status: prediction.Starting,
		Input: input, Source: "api", CreatedAt: at,
	}
}

func create(t *testing.T, w *world, p prediction.Prediction) (prediction.Prediction, uint64) {
	t.Helper()
	rev, err := w.Store.Create(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return p, rev
}

func timeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), d)
	t.Cleanup(stop)
	return ctx
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func TestOneProcessADirectory(t *testing.T) {
	dir := t.TempDir()
	open(t, journal.Options{Dir: dir})
	_, err := journal.Open(t.Context(), journal.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "another process uses "+dir) {
		t.Errorf("second journal in one directory: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, opts := range map[string]journal.Options{
		"nothing":      {},
		"no server":    {URL: "nats://127.0.0.1:1"},
		"listen":       {Dir: t.TempDir(), Listen: "nonsense"},
		"taken port":   {Dir: t.TempDir(), Listen: taken.Addr().String()},
		"listen port":  {Dir: t.TempDir(), Listen: "127.0.0.1:http"},
		"unwritable":   {Dir: "/proc/nowhere"},
		"wrong scheme": {URL: "::"},
	} {
		if j, err := journal.Open(t.Context(), opts); err == nil {
			j.Close()
			t.Errorf("%s: opened", name)
		} else if !strings.HasPrefix(err.Error(), "open journal: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A second machine's worker sees what this one's embedded server holds.
func TestListenWithToken(t *testing.T) {
	w := open(t, journal.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Token: "secret"})
	p, _ := create(t, w, record(1, "from afar"))
	if _, err := journal.Open(t.Context(), journal.Options{URL: w.ClientURL()}); err == nil {
		t.Error("connected without the token")
	}
	far := open(t, journal.Options{URL: w.ClientURL(), Token: "secret"})
	got, _, err := far.Store.Get(t.Context(), p.ID)
	if err != nil || got.ID != p.ID {
		t.Errorf("got %v, %v", got.ID, err)
	}
	// What one process writes, the other lists.
	q, _ := create(t, far, record(2, "from near"))
	for ctx := timeout(t, 5*time.Second); ; time.Sleep(5 * time.Millisecond) {
		page := must[prediction.Page](t)(w.Store.List(ctx, prediction.Query{}))
		if len(page.Results) == 2 && page.Results[0].ID == q.ID {
			break
		}
	}
}

func ids(page prediction.Page) string {
	var b strings.Builder
	for _, p := range page.Results {
		fmt.Fprintf(&b, "%d ", p.CreatedAt.Second())
	}
	return strings.TrimSpace(b.String())
}
