package api

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// healthz serves GET /healthz: the process lives.
func healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyz serves GET /readyz: the process can take and run predictions.
func (a *API) readyz(c echo.Context) error {
	if a.Ready != nil {
		if err := a.Ready(); err != nil {
			return c.String(http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n")
		}
	}
	return c.String(http.StatusOK, "ready\n")
}
