package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/prediction/inputfile"
	"easel/internal/schema"
)

// accept checks all of a request and makes a prediction of it.
func (a *API) accept(c echo.Context, m Model, e envelope, held bool) (prediction.Prediction, error) {
	none, ctx := prediction.Prediction{}, c.Request().Context()
	if _, err := schema.Parse(e.Input); err != nil {
		return none, err
	}
	cancelAfter, err := parseCancelAfter(c.Request().Header)
	if err != nil {
		return none, err
	}
	if err := a.checkWebhook(e.Webhook); err != nil {
		return none, err
	}
	door := inputfile.Door{Files: a.Service.Files(), Own: a.ownFile(c.Request())}
	input, files, err := door.Admit(ctx, e.Input)
	if err != nil {
		return none, err
	}
	n := prediction.New{
		ID: prediction.NewID(time.Now()), Model: m.Path(), Version: m.Version, Input: input, Files: files,
		Source: "api", Webhook: e.Webhook, WebhookEvents: e.WebhookEvents, CancelAfter: cancelAfter, Held: held,
	}
	p, err := a.submit(ctx, n)
	if err != nil {
		inputfile.Discard(ctx, a.Service.Files(), files)
	}
	return p, err
}

// submit creates a prediction, its webhook's watch first.
func (a *API) submit(ctx context.Context, n prediction.New) (prediction.Prediction, error) {
	if n.Webhook == "" {
		return a.Service.Create(ctx, n)
	}
	if err := a.Webhooks.Expect(n.ID); err != nil {
		return prediction.Prediction{}, err
	}
	p, err := a.Service.Create(ctx, n)
	if err != nil {
		a.Webhooks.Forget(n.ID)
		return p, err
	}
	a.Webhooks.Watch(n.ID)
	return p, nil
}

func (a *API) checkWebhook(address string) error {
	if address == "" || a.CheckWebhook == nil {
		return nil
	}
	if err := a.CheckWebhook(address); err != nil {
		return &schema.Invalid{Violations: []schema.Violation{{Type: "format", Field: "webhook", Description: err.Error()}}}
	}
	return nil
}

// ownFile knows addresses of this server's own files, uploads and outputs, so
// that a worker reads them without a login or a round trip.
func (a *API) ownFile(r *http.Request) func(string) (string, bool) {
	bases := []string{a.base(r), "http://" + r.Host, "https://" + r.Host}
	return func(address string) (string, bool) {
		for _, base := range bases {
			path, ok := strings.CutPrefix(address, base)
			if !ok {
				continue
			}
			if u, err := url.Parse(path); err == nil {
				path = u.Path
			}
			if id, ok := strings.CutPrefix(strings.TrimPrefix(path, "/v1"), "/files/"); ok && id != "" {
				id, _, _ = strings.Cut(id, "/")
				return id, true
			}
		}
		return "", false
	}
}
