package api

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/journal"
	"easel/internal/prediction"
	"easel/internal/prediction/predictiontest"
	"easel/internal/schema"
	"easel/internal/webhook"
)

const testVersion = "5f24084160c9089501c1b3545d9be3c27883ae2239b6f412990e82d4a6210f8f"

var testModel = Model{
	Owner: "easel", Name: "emoji", Description: "A small FLUX model.", Version: testVersion,
	Aliases: []string{"black-forest-labs/flux-dev-lora"}, Document: schema.Document(), Readme: "# emoji\n",
	CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
}

// world is a whole server on a loopback port: embedded journal, one worker
// with a scripted generator, webhooks.
type world struct {
	t       *testing.T
	base    string // http://127.0.0.1:port
	service *prediction.Service
	api     *API
	dir     string
	agent   string            // User-Agent
	header  map[string]string // sent with every request
}

type worldOptions struct {
	gen       prediction.Generator
	access    *Access
	noWorker  bool
	change    func(*API)
	retention prediction.Retention
}

func quietLog() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func newWorld(t *testing.T, o worldOptions) *world {
	t.Helper()
	dir := t.TempDir()
	j := predictiontest.Journal(t, journal.Options{Dir: dir})
	if o.gen == nil {
		o.gen = &predictiontest.Generator{StepTime: 20 * time.Millisecond, Previews: true}
	}
	service := prediction.NewService(j.Ports(), prediction.Options{Retention: o.retention, Sweep: time.Second})
	predictiontest.Go(t, service.Run)
	metrics := NewMetrics()
	if !o.noWorker {
		predictiontest.Go(t, prediction.NewWorker(j.Ports(), metrics.Runs(o.gen), prediction.Options{}).Run)
	}
	w := &world{t: t, service: service, dir: dir, agent: "test"}
	w.api = &API{
		Service: service, Catalogue: Catalogue{testModel}, Log: quietLog(), Metrics: metrics,
		OutputURLs: "auto", Secret: []byte("secret"),
	}
	secret, err := webhook.LoadSecret(dir + "/webhook-secret")
	if err != nil {
		t.Fatal(err)
	}
	w.api.WebhookSecret = secret.String()
	sender := &webhook.Sender{
		Predictions: service, Body: w.api.WebhookBody, Client: noRedirects, Secret: secret, Dir: dir + "/webhooks",
		Every: webhook.Throttle, Retries: []time.Duration{20 * time.Millisecond, 40 * time.Millisecond, 80 * time.Millisecond}, Log: quietLog(),
	}
	if err := sender.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sender.Stop)
	w.api.Webhooks = sender
	if o.change != nil {
		o.change(w.api)
	}
	if o.access == nil {
		o.access = NewAccess(nil)
	}
	e := echo.New()
	Front{Log: quietLog(), Metrics: w.api.Metrics, Access: o.access}.Mount(e)
	w.api.Register(e)
	w.base = listenAndServe(t, e)
	w.api.OwnURL = w.base
	return w
}

var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func listenAndServe(t *testing.T, h http.Handler) (base string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer(h, quietLog())
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return "http://" + l.Addr().String()
}

// reply is an answer, read to its end.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   string
	took   time.Duration
}

// do sends a request; headers come in pairs.
func (w *world) do(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	address := path
	if strings.HasPrefix(path, "/") {
		address = w.base + path
	}
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", w.agent)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range w.header {
		r.Header.Set(name, value)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	began := time.Now()
	res, err := noRedirects.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{t, res.StatusCode, res.Header, string(text), time.Since(began)}
}

// is demands a status.
func (r reply) is(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %.500s", r.status, status, r.body)
	}
	return r
}

// exactly demands a body, byte for byte.
func (r reply) exactly(body string) reply {
	r.t.Helper()
	if r.body != body {
		r.t.Fatalf("body\n%s\nwant\n%s", r.body, body)
	}
	return r
}

// json reads the body as an object.
func (r reply) json() object {
	r.t.Helper()
	return decode[object](r.t, r.body)
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.NewDecoder(bytes.NewReader([]byte(text))).Decode(&v); err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
	return v
}

// invalid demands the 422 validation shape: one line and one entry for each
// violation, written "type|field|description".
func (r reply) invalid(violations ...string) {
	r.t.Helper()
	r.is(http.StatusUnprocessableEntity)
	got := decode[struct {
		Detail string
		Status int
		Title  string
		Fields []schema.Violation `json:"invalid_fields"`
	}](r.t, r.body)
	want := schema.Invalid{}
	for _, text := range violations {
		parts := strings.SplitN(text, "|", 3)
		want.Violations = append(want.Violations, schema.Violation{Type: parts[0], Field: parts[1], Description: parts[2]})
	}
	if got.Detail != want.Error() || got.Title != "Input validation failed" || got.Status != 422 {
		r.t.Fatalf("got %s\nwant detail %q", r.body, want.Error())
	}
	if a, b := toJSON(got.Fields), toJSON(want.Violations); a != b {
		r.t.Fatalf("invalid_fields %s, want %s", a, b)
	}
	if ct := r.header.Get("Content-Type"); ct != "application/problem+json" {
		r.t.Fatalf("Content-Type %q", ct)
	}
}

func toJSON(v any) string {
	b, _ := marshal(v)
	return string(b)
}

const model = "/v1/models/easel/emoji/predictions"

// create posts an input to the model.
func (w *world) create(t *testing.T, input string, headers ...string) object {
	t.Helper()
	r := w.do(t, "POST", model, `{"input":`+input+`}`, headers...)
	if r.status != 201 && r.status != 202 {
		t.Fatalf("create: %d %s", r.status, r.body)
	}
	return r.json()
}

// await polls until the prediction has a status that is wanted.
func (w *world) await(t *testing.T, id string, statuses ...string) object {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		p := w.do(t, "GET", "/v1/predictions/"+id, "").is(200).json()
		for _, s := range statuses {
			if p["status"] == s {
				return p
			}
		}
	}
	t.Fatalf("%s did not become %v", id, statuses)
	return nil
}

func (w *world) cancel(t *testing.T, id string) object {
	t.Helper()
	return w.do(t, "POST", "/v1/predictions/"+id+"/cancel", "").is(200).json()
}

func str(v any) string { s, _ := v.(string); return s }
