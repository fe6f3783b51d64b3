package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/prediction/inputfile"
	"easel/internal/schema"
)

// cogRequest is the body of a prediction. Unknown keys are dropped.
type cogRequest struct {
	ID            string          `json:"id"`
	Input         json.RawMessage `json:"input"`
	Webhook       string          `json:"webhook"`
	WebhookEvents []string        `json:"webhook_events_filter"`
}

// maxCogBody is Cog's own bound: its callers send files as data URIs only.
const maxCogBody = 100 << 20

// predict serves POST /predictions.
func (g *Cog) predict(c echo.Context) error { return g.run(c, "") }

// predictOnce serves PUT /predictions/{id}: however often it is called, the
// prediction runs once.
func (g *Cog) predictOnce(c echo.Context) error { return g.run(c, c.Param("id")) }

func (g *Cog) run(c echo.Context, id string) error {
	if strings.Contains(c.Request().Header.Get("Accept"), "text/event-stream") {
		return answer(c, http.StatusNotAcceptable, object{"error": "This model does not stream", "status": "failed"})
	}
	if s := g.Setup(); s.Err != nil || !s.Done {
		return answer(c, http.StatusServiceUnavailable, object{"error": "Setup has not finished", "status": "failed"})
	}
	body, err := readBody(c, maxCogBody)
	if err != nil {
		return err
	}
	r, wrong := parseCog(body, id)
	if wrong != nil {
		return answer(c, http.StatusUnprocessableEntity, object{"detail": wrong})
	}
	c.Set(keyPrediction, r.ID)
	fresh, err := g.take(r.ID)
	if errors.Is(err, errBusy) {
		return answer(c, http.StatusConflict, object{"error": "At capacity - all prediction slots busy", "status": "failed"})
	}
	if fresh {
		if err := g.start(c.Request().Context(), r); err != nil {
			g.release(r.ID)
			return g.refused(c, r.ID, err)
		}
	}
	if !fresh || parsePrefer(c.Request().Header).async {
		return g.report(c, http.StatusAccepted, r.ID)
	}
	return g.wait(c, r.ID)
}

var errBusy = errors.New("all slots are busy")

// refused answers for a prediction that did not start: one of this id that
// has ended already is told again.
func (g *Cog) refused(c echo.Context, id string, err error) error {
	var invalid *schema.Invalid
	switch {
	case errors.Is(err, prediction.ErrExists):
		return g.report(c, http.StatusOK, id)
	case errors.As(err, &invalid):
		return answer(c, http.StatusUnprocessableEntity, object{"detail": cogViolations(invalid)})
	case errors.Is(err, prediction.ErrInvalid):
		return answer(c, http.StatusUnprocessableEntity, object{"detail": []cogViolation{{[]string{"body", "id"}, err.Error(), "value_error"}}})
	}
	return err
}

// start accepts the prediction. Its slot is free again when it ends.
func (g *Cog) start(ctx context.Context, r cogRequest) error {
	input, files, err := inputfile.Door{Files: g.Service.Files()}.Admit(ctx, r.Input)
	if err != nil {
		return err
	}
	if _, err = g.Service.Create(ctx, prediction.New{
		ID: r.ID, Model: g.Model.Path(), Version: g.Model.Version, Input: input, Files: files,
		Source: "api", Webhook: r.Webhook, WebhookEvents: r.WebhookEvents, Held: true,
	}); err != nil {
		inputfile.Discard(ctx, g.Service.Files(), files)
		return err
	}
	if r.Webhook != "" {
		g.Webhooks.Watch(r.ID)
	}
	ctx = context.WithoutCancel(ctx) // the slot is taken until the end, whoever waits for it
	go func() {
		defer g.release(r.ID)
		if _, err := g.Service.Wait(ctx, r.ID); err != nil {
			g.Log.Error("cog: prediction lost sight of", "prediction", r.ID, "err", err)
		}
	}()
	return nil
}

// wait answers when the prediction has ended. A caller who leaves cancels it.
func (g *Cog) wait(c echo.Context, id string) error {
	ctx := c.Request().Context()
	if _, err := g.Service.Wait(ctx, id); err != nil {
		if ctx.Err() == nil {
			return err
		}
		stop, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer done()
		_, err := g.Service.Cancel(stop, id)
		return errors.Join(fmt.Errorf("cog: caller of %s left: %w", id, context.Canceled), err)
	}
	g.release(id) // before the answer, for the caller may send the next one at once
	return g.report(c, http.StatusOK, id)
}

// cancel serves POST /predictions/{id}/cancel.
func (g *Cog) cancel(c echo.Context) error {
	id := c.Param("id")
	if !g.runs(id) {
		return answer(c, http.StatusNotFound, object{})
	}
	if _, err := g.Service.Cancel(c.Request().Context(), id); err != nil {
		return err
	}
	return answer(c, http.StatusOK, object{})
}
