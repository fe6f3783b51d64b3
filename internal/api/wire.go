package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"easel/internal/prediction"
	"easel/internal/prediction/inputfile"
)

// wirePrediction is a prediction as callers read it. Strict clients want
// strings where Replicate sends strings: logs is never null, error is never
// an object, and version and model are never missing.
type wirePrediction struct {
	ID            string            `json:"id"`
	Model         string            `json:"model"`
	Version       string            `json:"version"`
	Input         json.RawMessage   `json:"input"`
	Logs          string            `json:"logs"`
	Output        []string          `json:"output"` // null until there is some
	DataRemoved   bool              `json:"data_removed"`
	Error         *string           `json:"error"`
	Source        string            `json:"source"`
	Status        prediction.Status `json:"status"`
	CreatedAt     string            `json:"created_at"`
	StartedAt     *string           `json:"started_at"`
	CompletedAt   *string           `json:"completed_at"`
	Deadline      string            `json:"deadline,omitempty"`
	Metrics       map[string]any    `json:"metrics,omitempty"`
	Webhook       string            `json:"webhook,omitempty"`
	WebhookEvents []string          `json:"webhook_events_filter,omitempty"`
	URLs          map[string]string `json:"urls"`
	Easel         prediction.Extra  `json:"easel"`
}

const (
	millis = "2006-01-02T15:04:05.000Z"    // of created_at in the answer to a create
	micros = "2006-01-02T15:04:05.000000Z" // everywhere else
)

// Data URIs up to these sizes are told back to readers; of larger ones only
// the head. A page holds up to a hundred predictions.
const (
	echoOne  = 100 << 20
	echoPage = 8 << 10
)

// view is how one reader sees predictions.
type view struct {
	base    string // address of this server
	data    bool   // outputs as data: URIs rather than addresses
	stream  bool   // with urls.stream
	created bool   // the answer to a create
	partial bool   // outputs while there are still some to come
	echo    int64  // largest data URI told back, in bytes
}

// wire shows a prediction to a reader.
func (a *API) wire(ctx context.Context, p prediction.Prediction, v view) (wirePrediction, error) {
	w := wirePrediction{
		ID: p.ID, Model: p.Model, Version: p.Version, Status: p.Status, Source: p.Source,
		Logs: p.Logs, DataRemoved: p.DataRemoved, CreatedAt: p.CreatedAt.UTC().Format(micros),
		StartedAt: moment(p.StartedAt), CompletedAt: moment(p.CompletedAt), Metrics: metrics(p),
		Webhook: p.Webhook, WebhookEvents: p.WebhookEvents, URLs: urls(v.base, p, v.stream), Easel: p.Extra,
	}
	if v.created {
		w.CreatedAt = p.CreatedAt.UTC().Format(millis)
	}
	if p.Deadline != nil {
		w.Deadline = p.Deadline.UTC().Format(micros)
	}
	if p.Status == prediction.Failed {
		w.Error = &p.Error
	}
	var err error
	if w.Input, err = inputfile.Echo(ctx, a.Service.Files(), p.Input, v.echo); err != nil {
		return w, fmt.Errorf("echo the input of %s: %w", p.ID, err)
	}
	if w.Input, err = redact(w.Input); err != nil {
		return w, fmt.Errorf("redact the input of %s: %w", p.ID, err)
	}
	if !p.DataRemoved && (p.Status == prediction.Succeeded || v.partial && len(p.Output) > 0) {
		w.Output, err = a.outputs(ctx, p, v)
	}
	return w, err
}

func moment(t *time.Time) *string {
	if t == nil {
		return nil
	}
	s := t.UTC().Format(micros)
	return &s
}

// metrics tells how long the run and the whole took, once it has ended.
func metrics(p prediction.Prediction) map[string]any {
	if p.CompletedAt == nil {
		return nil
	}
	m := map[string]any{"total_time": p.CompletedAt.Sub(p.CreatedAt).Seconds()}
	if p.StartedAt != nil {
		m["predict_time"] = p.CompletedAt.Sub(*p.StartedAt).Seconds()
	}
	if p.Status == prediction.Succeeded {
		m["image_count"] = len(p.Output)
	}
	return m
}

// viewOf is the ordinary reader of one prediction.
func (a *API) viewOf(r *http.Request, p prediction.Prediction) view {
	base := a.base(r)
	return view{base: base, data: a.wantsData(r, base, p), stream: !isCLI(r), echo: echoOne}
}

// WebhookBody is what a webhook posts: the prediction as GET tells it, with
// the pictures that are there already.
func (a *API) WebhookBody(ctx context.Context, p prediction.Prediction) ([]byte, error) {
	w, err := a.wire(ctx, p, view{
		base: a.address(), data: a.OutputURLs == "data", stream: true, partial: true, echo: echoPage,
	})
	if err != nil {
		return nil, err
	}
	return marshal(w)
}
