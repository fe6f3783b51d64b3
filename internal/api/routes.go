package api

import (
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"
)

// Register adds every route. Front.Mount comes before it.
func (a *API) Register(e *echo.Echo) {
	a.withDefaults()
	a.Metrics.queue(a.Service.Waiting)
	look := []string{http.MethodGet, http.MethodHead} // monitors ask by HEAD
	e.Match(look, "/healthz", healthz)
	e.Match(look, "/readyz", a.readyz)
	e.GET("/metrics", a.Metrics.get())

	// Pictures, by capability.
	e.Match(look, "/files/:token/:name", a.getOutput)

	e.Use(a.Limits.Middleware) // not the group's: a group with middleware answers 404 where a method is wrong
	v1 := e.Group("/v1")
	v1.GET("/predictions", a.listPredictions)
	v1.POST("/predictions", a.createPrediction)
	v1.GET("/predictions/:id", a.getPrediction)
	v1.POST("/predictions/:id/cancel", a.cancelPrediction)
	v1.GET("/predictions/:id/events", a.getEvents)

	v1.GET("/models", a.listModels)
	v1.Add("QUERY", "/models", a.queryModels)
	v1.GET("/models/:owner/:name", a.getModel)
	v1.GET("/models/:owner/:name/versions", a.listVersions)
	v1.GET("/models/:owner/:name/versions/:id", a.getVersion)
	v1.GET("/models/:owner/:name/readme", a.getReadme)
	v1.GET("/models/:owner/:name/examples", a.listExamples)
	v1.POST("/models/:owner/:name/predictions", a.createForModel)

	v1.GET("/files", a.listFiles)
	v1.POST("/files", a.createFile)
	v1.GET("/files/:id", a.getFile) // and urls.stream
	v1.DELETE("/files/:id", a.deleteFile)
	v1.GET("/files/:id/download", a.downloadFile)

	v1.GET("/search", a.search)
	v1.GET("/account", a.getAccount)
	v1.GET("/hardware", a.listHardware)
	v1.GET("/collections", a.listCollections)
	v1.GET("/collections/:slug", a.getCollection)
	v1.GET("/webhooks/default/secret", a.getWebhookSecret)

	// There is one model, always deployed; nothing is trained here.
	v1.POST("/deployments/:owner/:name/predictions", a.createForDeployment)
	v1.GET("/deployments", empty)
	v1.GET("/trainings", empty)
	v1.POST("/deployments", absent)
	v1.Match([]string{http.MethodGet, http.MethodPatch, http.MethodDelete}, "/deployments/:owner/:name", absent)
	v1.GET("/trainings/:id", absent)
	v1.POST("/trainings/:id/cancel", absent)
	v1.POST("/models/:owner/:name/versions/:id/trainings", absent)
}

// withDefaults fills in needs that have a plain answer.
func (a *API) withDefaults() {
	if a.Log == nil {
		a.Log = slog.New(slog.DiscardHandler)
	}
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
	if a.Hardware == nil {
		a.Hardware = func() string { return "cpu" }
	}
}
