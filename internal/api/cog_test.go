package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/prediction/predictiontest"
	"easel/internal/webhook"
)

// newCog is a Cog server over the scripted generator.
func newCog(t *testing.T, change func(*Cog)) *world {
	t.Helper()
	service := predictiontest.Start(t, &predictiontest.Generator{StepTime: 20 * time.Millisecond})
	g := &Cog{Service: service, Model: testModel, Log: quietLog(), Setup: func() Setup { return Setup{Done: true, Started: time.Now(), Completed: time.Now()} }}
	sender := &webhook.Sender{Predictions: service, Body: g.WebhookBody, Client: noRedirects, Log: quietLog()}
	if err := sender.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sender.Stop)
	g.Webhooks = sender
	if change != nil {
		change(g)
	}
	e := echo.New()
	Front{Log: quietLog(), Metrics: NewMetrics(), Access: NewAccess(nil)}.Mount(e)
	g.Register(e)
	return &world{t: t, service: service, agent: "test", base: listenAndServe(t, e)}
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never %s", what)
		}
	}
}

func (w *world) health(t *testing.T) string {
	return str(w.do(t, "GET", "/health-check", "").is(200).json()["status"])
}

// hang starts a prediction under an id that runs until it is cancelled.
func (w *world) hang(t *testing.T, id, rest string) reply {
	t.Helper()
	return w.do(t, "PUT", "/predictions/"+id, `{"input":{"prompt":"hang"}`+rest+`}`, "Prefer", "respond-async")
}

func (w *world) halt(t *testing.T, id string) {
	t.Helper()
	w.do(t, "POST", "/predictions/"+id+"/cancel", "").is(200).exactly("{}")
	until(t, "ready again", func() bool { return w.health(t) == "READY" })
}

// TestConformanceCog runs the numbered scenarios of Cog's API.
func TestConformanceCog(t *testing.T) {
	w := newCog(t, nil)
	for _, s := range cogScenarios {
		t.Run(fmt.Sprintf("C%02d_%s", s.n, s.name), func(t *testing.T) { s.run(t, w) })
	}
}

var cogScenarios = []scenario{
	{1, "discovery", func(t *testing.T, w *world) {
		if all := w.do(t, "GET", "/", "").is(200).json(); len(all) != 8 || all["predictions_url"] != "/predictions" {
			t.Errorf("%v", all)
		}
	}},
	{2, "health", func(t *testing.T, w *world) {
		var done atomic.Bool
		cold := newCog(t, func(g *Cog) { g.Setup = func() Setup { return Setup{Done: done.Load()} } })
		if s := cold.health(t); s != "STARTING" {
			t.Error(s)
		}
		if done.Store(true); cold.health(t) != "READY" {
			t.Error("not ready")
		}
		w.hang(t, "busy", "").is(202)
		if s := w.health(t); s != "BUSY" {
			t.Error(s)
		}
		w.halt(t, "busy")
	}},
	{3, "setup_failed", func(t *testing.T, _ *world) {
		w := newCog(t, func(g *Cog) { g.Setup = func() Setup { return Setup{Err: errors.New("no weights")} } })
		r := w.do(t, "GET", "/health-check", "").is(200)
		if r.json()["status"] != "SETUP_FAILED" || !strings.Contains(r.body, "no weights") {
			t.Error(r.body)
		}
	}},
	{4, "predict", func(t *testing.T, w *world) {
		p := w.do(t, "POST", "/predictions", `{"input":{"prompt":"x"}}`).is(200).json()
		if p["status"] != "succeeded" || !strings.HasPrefix(str(p["output"].([]any)[0]), "data:image/webp;base64,") {
			t.Errorf("%v", p)
		}
		if took, _ := p["metrics"].(object)["predict_time"].(float64); took <= 0 {
			t.Errorf("%v", p["metrics"])
		}
	}},
	{5, "no_body", func(t *testing.T, w *world) {
		w.do(t, "POST", "/predictions", "").is(422).exactly(`{"detail":[{"loc":["body","input","prompt"],"msg":"Field required","type":"value_error.missing"}]}`)
	}},
	{6, "bad_input", func(t *testing.T, w *world) {
		for _, input := range []string{`{"prompt":"x","aspect_ratio":"7:3"}`, `{"prompt":"x","num_outputs":9}`, `{"prompt":1}`, `[]`} {
			r := w.do(t, "POST", "/predictions", `{"input":`+input+`}`).is(422)
			if _, ok := r.json()["detail"].([]any); !ok {
				t.Error(r.body)
			}
		}
		w.do(t, "POST", "/predictions", `{`).is(422)
		w.do(t, "POST", "/predictions", `{"input":{"prompt":"x"},"webhook":"nope"}`).is(422)
		w.do(t, "PUT", "/predictions/a%20b", `{"input":{"prompt":"x"}}`).is(422)
	}},
	{7, "model_error", func(t *testing.T, w *world) {
		p := w.do(t, "POST", "/predictions", `{"input":{"prompt":"fail the reason"}}`).is(200).json()
		if p["status"] != "failed" || p["error"] != "the reason" || p["metrics"].(object)["predict_time"] == nil {
			t.Errorf("%v", p)
		}
	}},
	{7, "one_after_another", func(t *testing.T, w *world) {
		for range 60 {
			w.do(t, "POST", "/predictions", `{"input":{"prompt":"fail at once"}}`).is(200)
		}
	}},
	{8, "busy", func(t *testing.T, w *world) {
		w.hang(t, "first", "").is(202)
		w.do(t, "POST", "/predictions", `{"input":{"prompt":"x"}}`).is(409).json()
		w.halt(t, "first")
	}},
	{9, "not_ready", func(t *testing.T, _ *world) {
		w := newCog(t, func(g *Cog) { g.Setup = func() Setup { return Setup{} } })
		if p := w.do(t, "POST", "/predictions", `{"input":{"prompt":"x"}}`).is(503).json(); p["status"] != "failed" {
			t.Errorf("%v", p)
		}
	}},
	{10, "respond_async", func(t *testing.T, w *world) {
		r := newReceiver(t)
		p := w.do(t, "POST", "/predictions", `{"input":{"prompt":"x"},"webhook":"`+r.URL+`","webhook_events_filter":["completed"]}`, "Prefer", "respond-async").is(202).json()
		if s := p["status"]; s != "starting" && s != "processing" {
			t.Errorf("%v", p)
		}
		calls := r.settle(t)
		if len(calls) != 1 || calls[0].body["status"] != "succeeded" || calls[0].body["id"] != p["id"] || calls[0].header.Get("webhook-signature") != "" {
			t.Errorf("%v", calls)
		}
	}},
	{11, "put_twice", func(t *testing.T, w *world) {
		w.hang(t, "twice", "").is(202)
		if p := w.do(t, "PUT", "/predictions/twice", `{"id":"twice","input":{"prompt":"hang"}}`).is(202).json(); p["id"] != "twice" {
			t.Errorf("%v", p)
		}
		w.halt(t, "twice")
		if p := w.do(t, "PUT", "/predictions/twice", `{"input":{"prompt":"x"}}`).is(200).json(); p["status"] != "canceled" {
			t.Errorf("it ran again: %v", p)
		}
	}},
	{12, "put_another_id", func(t *testing.T, w *world) {
		w.do(t, "PUT", "/predictions/a", `{"id":"b","input":{"prompt":"x"}}`).is(422).
			exactly(`{"detail":[{"loc":["body","id"],"msg":"prediction ID must match the ID supplied in the URL","type":"value_error"}]}`)
	}},
	{13, "cancel", func(t *testing.T, w *world) {
		r := newReceiver(t)
		w.hang(t, "stopped", `,"webhook":"`+r.URL+`","webhook_events_filter":["completed"]`).is(202)
		w.halt(t, "stopped")
		if calls := r.settle(t); len(calls) != 1 || calls[0].body["status"] != "canceled" {
			t.Errorf("%v", calls)
		}
		w.do(t, "POST", "/predictions/stopped/cancel", "").is(404).exactly("{}")
		w.do(t, "POST", "/predictions/nope/cancel", "").is(404).exactly("{}")
	}},
	{14, "caller_leaves", func(t *testing.T, w *world) {
		ctx, leave := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, "PUT", w.base+"/predictions/left", strings.NewReader(`{"input":{"prompt":"hang"}}`))
		go http.DefaultClient.Do(r)
		until(t, "busy", func() bool { return w.health(t) == "BUSY" })
		leave()
		until(t, "ready again", func() bool { return w.health(t) == "READY" })
		if p, err := w.service.Get(t.Context(), "left"); err != nil || p.Status != prediction.Canceled {
			t.Errorf("%v %v", p.Status, err)
		}
	}},
	{15, "no_stream", func(t *testing.T, w *world) {
		w.do(t, "POST", "/predictions", `{"input":{"prompt":"x"}}`, "Accept", "text/event-stream").is(406)
	}},
	{16, "openapi", func(t *testing.T, w *world) {
		w.do(t, "GET", "/openapi.json", "").is(200).exactly(string(testModel.Document))
		var doc struct{ OpenAPI string }
		if err := json.Unmarshal(testModel.Document, &doc); err != nil || doc.OpenAPI != "3.0.2" {
			t.Errorf("%v %v", doc, err)
		}
	}},
	{0, "large_body", func(t *testing.T, w *world) {
		const head, tail = `{"input":{"prompt":"x"},"padding":"`, `"}`
		w.do(t, "POST", "/predictions", head+strings.Repeat("x", maxBody)+tail).is(200)
		w.do(t, "POST", "/predictions", head+strings.Repeat("x", maxCogBody)+tail).is(413)
	}},
	{17, "unknown_input", func(t *testing.T, w *world) {
		w.do(t, "POST", "/predictions", `{"input":{"prompt":"x","size":1},"else":2}`).is(200)
	}},
	{18, "shutdown", func(t *testing.T, w *world) {
		w.do(t, "POST", "/shutdown", "").is(404)
		ended := make(chan struct{})
		willing := newCog(t, func(g *Cog) { g.Shutdown = func() { close(ended) } })
		willing.do(t, "POST", "/shutdown", "").is(200).exactly("{}")
		<-ended
	}},
	{19, "two_posts", func(t *testing.T, w *world) {
		r := newReceiver(t)
		w.do(t, "POST", "/predictions", `{"input":{"prompt":"x","num_inference_steps":20},"webhook":"`+r.URL+`","webhook_events_filter":["start","completed"]}`).is(200)
		calls := r.settle(t)
		if len(calls) != 2 || calls[0].body["status"] != "processing" || calls[1].body["status"] != "succeeded" {
			t.Errorf("%v", calls)
		}
	}},
	{20, "what_cog_playground_asks", func(t *testing.T, w *world) {
		// Its page reads the document and the health, runs with PUT and
		// respond-async, and follows by webhooks to itself.
		w.do(t, "GET", "/openapi.json", "", "Accept", "application/json").is(200)
		w.do(t, "GET", "/health-check", "").is(200)
		r := newReceiver(t)
		body := `{"id":"played","created_at":"2026-01-01T00:00:00Z","input":{"prompt":"x"},"webhook":"` + r.URL + `","webhook_events_filter":["start","output","logs","completed"]}`
		w.do(t, "PUT", "/predictions/played", body, "Prefer", "respond-async").is(202)
		calls := r.settle(t)
		if last := calls[len(calls)-1].body; last["status"] != "succeeded" {
			t.Errorf("%v", last)
		}
	}},
}
