package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/schema"
)

// cogPrediction is a prediction as Cog tells it.
type cogPrediction struct {
	ID          string            `json:"id"`
	Version     string            `json:"version"`
	Status      prediction.Status `json:"status"`
	Input       json.RawMessage   `json:"input"`
	Output      []string          `json:"output"`
	Logs        string            `json:"logs"`
	Error       string            `json:"error,omitempty"`
	Metrics     map[string]any    `json:"metrics"`
	CreatedAt   string            `json:"created_at"`
	StartedAt   *string           `json:"started_at"`
	CompletedAt *string           `json:"completed_at"`
	Easel       prediction.Extra  `json:"easel"`
}

func (g *Cog) wire(ctx context.Context, p prediction.Prediction) (cogPrediction, error) {
	a := API{Service: g.Service}
	w, err := a.wire(ctx, p, view{data: true, partial: true, echo: echoPage})
	if err != nil {
		return cogPrediction{}, err
	}
	out := cogPrediction{
		ID: w.ID, Version: w.Version, Status: w.Status, Input: w.Input, Output: w.Output, Logs: w.Logs, Error: p.Error,
		Metrics: w.Metrics, CreatedAt: w.CreatedAt, StartedAt: w.StartedAt, CompletedAt: w.CompletedAt, Easel: w.Easel,
	}
	if out.Metrics == nil {
		out.Metrics = object{}
	}
	return out, nil
}

// WebhookBody is what Cog's webhooks post.
func (g *Cog) WebhookBody(ctx context.Context, p prediction.Prediction) ([]byte, error) {
	w, err := g.wire(ctx, p)
	if err != nil {
		return nil, err
	}
	return marshal(w)
}

func (g *Cog) report(c echo.Context, status int, id string) error {
	p, err := g.Service.Get(c.Request().Context(), id)
	if err != nil {
		return err
	}
	w, err := g.wire(c.Request().Context(), p)
	if err != nil {
		return err
	}
	return answer(c, status, w)
}

// cogViolation is FastAPI's word for a field at fault.
type cogViolation struct {
	Loc  []string `json:"loc"`
	Msg  string   `json:"msg"`
	Type string   `json:"type"`
}

// parseCog reads and checks a body. None at all stands for an empty input,
// whose required fields are then missing.
func parseCog(body []byte, id string) (r cogRequest, wrong []cogViolation) {
	fault := func(msg, kind string, loc ...string) (cogRequest, []cogViolation) {
		return r, []cogViolation{{append([]string{"body"}, loc...), msg, kind}}
	}
	raw, err := decodeOne(body)
	switch {
	case len(strings.TrimSpace(string(body))) == 0:
	case err != nil:
		return fault(err.Error(), "value_error.jsondecode")
	default:
		if err := json.Unmarshal(raw, &r); err != nil {
			return fault(err.Error(), "type_error")
		}
	}
	if len(r.Input) == 0 || string(r.Input) == "null" {
		r.Input = json.RawMessage("{}")
	}
	if r.ID != "" && id != "" && r.ID != id {
		return fault("prediction ID must match the ID supplied in the URL", "value_error", "id")
	}
	if r.ID = first(id, r.ID); r.ID == "" {
		r.ID = prediction.NewID(time.Now())
	}
	if u, err := url.Parse(r.Webhook); r.Webhook != "" && (err != nil || u.Host == "") {
		return fault("invalid or missing URL scheme", "value_error.url.scheme", "webhook")
	}
	var invalid *schema.Invalid
	if _, err := schema.Parse(r.Input); errors.As(err, &invalid) {
		return r, cogViolations(invalid)
	} else if err != nil {
		return fault(err.Error(), "value_error", "input")
	}
	return r, nil
}

// cogViolations tells Replicate's findings in FastAPI's form.
func cogViolations(e *schema.Invalid) []cogViolation {
	out := make([]cogViolation, len(e.Violations))
	for i, v := range e.Violations {
		loc := append([]string{"body"}, strings.Split(v.Field, ".")...)
		out[i] = cogViolation{loc, v.Description, "value_error." + v.Type}
		if name, ok := strings.CutSuffix(v.Description, " is required"); ok && v.Type == "required" && v.Field == "input" {
			out[i] = cogViolation{append(loc, name), "Field required", "value_error.missing"}
		}
	}
	return out
}
