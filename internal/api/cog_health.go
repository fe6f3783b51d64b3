package api

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// discover serves GET /.
func (g *Cog) discover(c echo.Context) error {
	return answer(c, http.StatusOK, map[string]string{
		"cog_version": cogVersion, "docs_url": "/docs", "openapi_url": "/openapi.json", "shutdown_url": "/shutdown",
		"healthcheck_url": "/health-check", "predictions_url": "/predictions",
		"predictions_idempotent_url": "/predictions/{prediction_id}",
		"predictions_cancel_url":     "/predictions/{prediction_id}/cancel",
	})
}

// health serves GET /health-check, which is 200 however bad things are.
func (g *Cog) health(c echo.Context) error {
	s := g.Setup()
	status, setup := "STARTING", object{"status": "starting", "logs": s.Logs}
	if !s.Started.IsZero() {
		setup["started_at"] = moment(&s.Started)
	}
	if !s.Completed.IsZero() {
		setup["completed_at"] = moment(&s.Completed)
	}
	switch {
	case s.Err != nil:
		status, setup["status"], setup["logs"] = "SETUP_FAILED", "failed", s.Logs+s.Err.Error()
	case s.Done && g.busy():
		status, setup["status"] = "BUSY", "succeeded"
	case s.Done:
		status, setup["status"] = "READY", "succeeded"
	}
	return answer(c, http.StatusOK, object{"status": status, "setup": setup, "version": map[string]string{"cog": cogVersion}})
}

// document serves GET /openapi.json, the same document as /v1's.
func (g *Cog) document(c echo.Context) error {
	return c.Blob(http.StatusOK, typeJSON, g.Model.Document)
}

// shutdown serves POST /shutdown: the answer first, then the end.
func (g *Cog) shutdown(c echo.Context) error {
	defer g.Shutdown()
	return answer(c, http.StatusOK, object{})
}
