package webhook_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"easel/internal/prediction"
	"easel/internal/prediction/predictiontest"
	"easel/internal/webhook"
)

// taken is what a receiver got.
type taken struct{ id, body string }

type receiver struct {
	mu    sync.Mutex
	calls []taken
	fails bool
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, taken{req.Header.Get("webhook-id"), string(body)})
	if r.fails {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (r *receiver) got() []taken {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]taken(nil), r.calls...)
}

func newSender(s *prediction.Service, dir string) *webhook.Sender {
	return &webhook.Sender{
		Predictions: s, Client: http.DefaultClient, Secret: webhook.Secret("key"), Dir: dir,
		Retries: []time.Duration{time.Hour}, Log: slog.New(slog.DiscardHandler),
		Body: func(_ context.Context, p prediction.Prediction) ([]byte, error) { return json.Marshal(p) },
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never %s", what)
		}
	}
}

func TestEndIsToldAfterARestart(t *testing.T) {
	service := predictiontest.Start(t, &predictiontest.Generator{})
	dir := filepath.Join(t.TempDir(), "webhooks")
	r := &receiver{fails: true}
	server := httptest.NewServer(r)
	defer server.Close()

	first := newSender(service, dir)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	id := prediction.NewID(time.Now())
	if err := first.Expect(id); err != nil {
		t.Fatal(err)
	}
	if _, err := service.Create(t.Context(), prediction.New{
		ID: id, Model: "a/b", Input: json.RawMessage(`{"prompt":"x"}`), Webhook: server.URL, WebhookEvents: []string{"start", "completed"},
	}); err != nil {
		t.Fatal(err)
	}
	first.Watch(id)
	eventually(t, "two calls", func() bool { return len(r.got()) == 2 })
	first.Stop()

	r.mu.Lock()
	r.fails = false
	r.mu.Unlock()
	// One that was never written, as after a crash in between, is forgotten.
	if err := first.Expect("never-written"); err != nil {
		t.Fatal(err)
	}
	second := newSender(service, dir)
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	defer second.Stop()
	eventually(t, "told again", func() bool { return len(r.got()) == 3 })
	if calls := r.got(); calls[2] != calls[1] {
		t.Errorf("the message differs:\n%v\n%v", calls[1], calls[2])
	}
	eventually(t, "forgotten", func() bool {
		left, err := os.ReadDir(dir)
		return err == nil && len(left) == 0
	})
}

func TestSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "secret")
	made, err := webhook.LoadSecret(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := webhook.LoadSecret(path)
	if err != nil || again.String() != made.String() {
		t.Errorf("%v, then %v: %v", made, again, err)
	}
	if text := made.String(); strings.Count(text, "_") != 1 || !strings.HasPrefix(text, "whsec_") {
		t.Errorf("%q", text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	for _, bad := range []string{"", "whsec_", "whsec_@", "secret"} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := webhook.LoadSecret(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
