package api

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// Register adds every route.
func (a *API) Register(e *echo.Echo) {
	a.withDefaults()
	e.GET("/healthz", healthz)
	e.GET("/readyz", a.readyz)
	e.GET("/metrics", a.Metrics.get())

	// Pictures, by capability.
	e.Match([]string{http.MethodGet, http.MethodHead}, "/files/:token/:name", a.getOutput)

	v1 := e.Group("/v1", a.Limits.Middleware)
	v1.GET("/predictions", a.listPredictions)
	v1.POST("/predictions", a.createPrediction)
	v1.GET("/predictions/:id", a.getPrediction)
	v1.POST("/predictions/:id/cancel", a.cancelPrediction)
	v1.GET("/predictions/:id/events", a.getEvents)
}

// withDefaults fills in needs that have a plain answer.
func (a *API) withDefaults() {
	if a.Webhooks == nil {
		a.Webhooks = NoWebhooks{}
	}
	if a.Limits == nil {
		a.Limits = NewLimits(0, 0)
	}
	if a.Metrics == nil {
		a.Metrics = NewMetrics()
	}
	if a.Account == "" {
		a.Account = "easel"
	}
	if a.Hardware == "" {
		a.Hardware = "CPU"
	}
}
