package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/prediction/inputfile"
	"easel/internal/schema"
)

// createPrediction serves POST /v1/predictions: the body names the version.
func (a *API) createPrediction(c echo.Context) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	e, err := parseEnvelope(body, withVersion())
	if err != nil {
		return err
	}
	m, err := a.Catalogue.ByVersion(e.Version)
	if err != nil {
		return err
	}
	return a.create(c, m, e)
}

// createForModel serves POST /v1/models/{owner}/{name}/predictions.
func (a *API) createForModel(c echo.Context) error {
	m, err := a.Catalogue.ByPath(modelPath(c))
	if err != nil {
		return err
	}
	return a.createFor(c, m)
}

// createForDeployment serves POST /v1/deployments/{owner}/{name}/predictions.
// A deployment here is another name of the default model.
func (a *API) createForDeployment(c echo.Context) error {
	m, err := a.Catalogue.ByPath(modelPath(c))
	if err != nil {
		m = a.Catalogue[0]
	}
	return a.createFor(c, m)
}

func (a *API) createFor(c echo.Context, m Model) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	e, err := parseEnvelope(body, withModel())
	if err != nil {
		return err
	}
	return a.create(c, m, e)
}

func modelPath(c echo.Context) string { return c.Param("owner") + "/" + c.Param("name") }

// create accepts a prediction and answers at once, or holds the answer while
// the caller prefers to wait.
func (a *API) create(c echo.Context, m Model, e envelope) error {
	came := time.Now()
	pref := parsePrefer(c.Request().Header)
	p, err := a.accept(c, m, e, pref.hold > 0)
	if err != nil {
		return err
	}
	c.Set(keyPrediction, p.ID)
	status := http.StatusCreated
	if pref.hold > 0 {
		ctx, stop := context.WithDeadline(c.Request().Context(), came.Add(pref.hold))
		defer stop()
		ended, err := a.Service.Wait(ctx, p.ID)
		switch {
		case err == nil:
			p = ended
		case c.Request().Context().Err() != nil:
			return fmt.Errorf("wait for %s: %w", p.ID, context.Canceled) // the caller left; the prediction goes on
		case errors.Is(err, context.DeadlineExceeded):
			// Clients take any status but "starting" for the end, so the
			// answer tells how the prediction stood when it was accepted.
			status = http.StatusAccepted
		default:
			return err
		}
		c.Response().Header().Set("Preference-Applied", pref.applied)
	}
	v := a.viewOf(c.Request(), p)
	v.created, v.stream = true, v.stream || e.Stream
	w, err := a.wire(c.Request().Context(), p, v)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, w.URLs["get"])
	return answer(c, status, w)
}

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
