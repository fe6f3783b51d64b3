package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// call is one webhook that came.
type call struct {
	at     time.Time
	header http.Header
	raw    string
	body   object
}

// receiver takes webhooks, and answers them as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []call
	answer func(n int) int // status of the n-th call, from 0; nil: 200
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		raw, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, call{time.Now(), req.Header, string(raw), decode[object](t, string(raw))})
		if r.answer != nil {
			w.Header().Set("Location", r.URL+"/elsewhere")
			w.WriteHeader(r.answer(len(r.calls) - 1))
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) got() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]call(nil), r.calls...)
}

// settle waits until nothing has come for a while, and returns what came.
func (r *receiver) settle(t *testing.T) []call {
	t.Helper()
	for n, quiet := -1, 0; quiet < 6; time.Sleep(50 * time.Millisecond) {
		if now := len(r.got()); now != n {
			n, quiet = now, 0
		} else {
			quiet++
		}
	}
	return r.got()
}

// hook creates a prediction with a webhook and waits for its end.
func (w *world) hook(t *testing.T, r *receiver, input, rest string) object {
	t.Helper()
	p := w.do(t, "POST", model, `{"input":`+input+`,"webhook":"`+r.URL+`"`+rest+`}`).is(201).json()
	return w.await(t, str(p["id"]), "succeeded", "failed", "canceled")
}

var hooking = []scenario{
	{69, "default_filter", func(t *testing.T, w *world) {
		r := newReceiver(t)
		w.hook(t, r, `{"prompt":"x","num_outputs":2,"num_inference_steps":40}`, "")
		calls := r.settle(t)
		if len(calls) < 3 || calls[0].body["status"] != "processing" || calls[0].body["output"] != nil {
			t.Fatalf("%d calls: %v", len(calls), calls)
		}
		ends := 0
		for i, c := range calls {
			if c.body["status"] == "succeeded" {
				ends++
			} else if i > 1 && c.at.Sub(calls[i-1].at) < 450*time.Millisecond {
				t.Errorf("call %d came %v after the one before", i, c.at.Sub(calls[i-1].at))
			}
		}
		if last := calls[len(calls)-1]; ends != 1 || last.body["status"] != "succeeded" || len(last.body["output"].([]any)) != 2 {
			t.Errorf("%d ends; last %s", ends, last.raw)
		}
	}},
	{70, "completed_only", func(t *testing.T, w *world) {
		r := newReceiver(t)
		p := w.hook(t, r, `{"prompt":"x"}`, `,"webhook_events_filter":["completed"]`)
		calls := r.settle(t)
		if len(calls) != 1 || toJSON(calls[0].body) != toJSON(p) {
			t.Errorf("%v\nwant %v", calls, p)
		}
		if calls[0].body["webhook"] != r.URL {
			t.Errorf("webhook %v", calls[0].body["webhook"])
		}
	}},
	{71, "unknown_event", func(t *testing.T, w *world) {
		w.do(t, "POST", model, `{"input":{"prompt":"x"},"webhook_events_filter":["done"]}`).
			invalid(`enum|webhook_events_filter.0|webhook_events_filter.0 must be one of the following: "start", "output", "logs", "completed"`)
	}},
	{72, "webhook_is_no_uri", func(t *testing.T, w *world) {
		for _, address := range []string{"nope", "", "ftp://example.com", "http://"} {
			w.do(t, "POST", model, `{"input":{"prompt":"x"},"webhook":"`+address+`"}`).invalid("format|webhook|Does not match format 'uri'")
		}
	}},
	{73, "signature", func(t *testing.T, w *world) {
		key := str(w.do(t, "GET", "/v1/webhooks/default/secret", "").is(200).json()["key"])
		parts := strings.Split(key, "_")
		secret, err := base64.StdEncoding.DecodeString(parts[1])
		if len(parts) != 2 || parts[0] != "whsec" || err != nil {
			t.Fatalf("key %q: %v", key, err)
		}
		r := newReceiver(t)
		w.hook(t, r, `{"prompt":"x"}`, `,"webhook_events_filter":["completed"]`)
		c := r.settle(t)[0]
		mac := hmac.New(sha256.New, secret)
		fmt.Fprintf(mac, "%s.%s.%s", c.header.Get("webhook-id"), c.header.Get("webhook-timestamp"), c.raw)
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); c.header.Get("webhook-signature") != want {
			t.Errorf("signature %q, want %q", c.header.Get("webhook-signature"), want)
		}
	}},
	{74, "retries", func(t *testing.T, w *world) {
		r := newReceiver(t)
		r.answer = func(n int) int { return []int{500, 500, 404, 200}[min(n, 3)] }
		w.hook(t, r, `{"prompt":"x"}`, `,"webhook_events_filter":["start","completed"]`)
		calls := r.settle(t)
		if len(calls) != 4 || calls[0].body["status"] != "processing" {
			t.Fatalf("%d calls", len(calls))
		}
		for _, c := range calls[2:] {
			if c.raw != calls[1].raw || c.header.Get("webhook-id") != calls[1].header.Get("webhook-id") {
				t.Errorf("a retry differs:\n%s\n%s", c.raw, calls[1].raw)
			}
		}
		moved := newReceiver(t)
		moved.answer = func(int) int { return 302 }
		w.hook(t, moved, `{"prompt":"x"}`, `,"webhook_events_filter":["completed"]`)
		if n := len(moved.settle(t)); n != 1 {
			t.Errorf("%d calls of one that moved", n)
		}
	}},
	{75, "private_address", func(t *testing.T, _ *world) {
		w := newWorld(t, worldOptions{change: func(a *API) {
			a.CheckWebhook = func(string) error { return fmt.Errorf("10.0.0.1 is a private address") }
		}})
		w.do(t, "POST", model, `{"input":{"prompt":"x"},"webhook":"http://10.0.0.1/"}`).invalid("format|webhook|10.0.0.1 is a private address")
	}},
}
