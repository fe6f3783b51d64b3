package api

import (
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts what the server does, for Prometheus.
type Metrics struct {
	Registry *prometheus.Registry // others may add their own

	requests *prometheus.HistogramVec
	viewers  *prometheus.GaugeVec
	created  *prometheus.CounterVec
}

// NewMetrics starts the counts at nought.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "easel_http_request_seconds", Help: "Time from a request's head to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 15, 60},
		}, []string{"method", "route", "status"}),
		viewers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "easel_viewers", Help: "Callers who are following a prediction now.",
		}, []string{"kind"}),
		created: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "easel_predictions_created_total", Help: "Predictions accepted by this process.",
		}, []string{"source"}),
	}
	m.Registry.MustRegister(m.requests, m.viewers, m.created,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// request counts one, under its route and never under its path, whose values
// are without number.
func (m *Metrics) request(c echo.Context, took time.Duration) {
	route := c.Path()
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(method(c.Request().Method), route, strconv.Itoa(c.Response().Status)).Observe(took.Seconds())
}

// method bounds the label: callers may invent methods.
func method(name string) string {
	switch name {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY":
		return name
	}
	return "other"
}

// viewer counts one until the function it returns is called.
func (m *Metrics) viewer(kind string) (left func()) {
	g := m.viewers.WithLabelValues(kind)
	g.Inc()
	return g.Dec
}

// get serves GET /metrics.
func (m *Metrics) get() echo.HandlerFunc {
	return echo.WrapHandler(promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{}))
}
