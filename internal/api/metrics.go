package api

import (
	"context"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"easel/internal/prediction"
)

// Metrics counts what the server does, for Prometheus.
type Metrics struct {
	Registry *prometheus.Registry // others may add their own

	requests *prometheus.HistogramVec
	viewers  *prometheus.GaugeVec
	runs     *prometheus.HistogramVec
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
		runs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "easel_run_seconds", Help: "Time that this process drew for one prediction, by how the run ended.",
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800},
		}, []string{"outcome"}),
	}
	m.Registry.MustRegister(m.requests, m.viewers, m.runs,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// queue tells how many predictions wait, whenever somebody asks.
func (m *Metrics) queue(waiting func() int) {
	m.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "easel_waiting", Help: "Predictions that no worker has yet, of all servers that share the queue.",
	}, func() float64 { return float64(waiting()) }))
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

// Runs counts what a generator draws.
func (m *Metrics) Runs(g prediction.Generator) prediction.Generator { return counted{g, m} }

type counted struct {
	prediction.Generator
	metrics *Metrics
}

func (c counted) Generate(ctx context.Context, p prediction.Prediction, s prediction.Sink) (prediction.Extra, error) {
	began := time.Now()
	extra, err := c.Generator.Generate(ctx, p, s)
	outcome := "succeeded"
	switch {
	case ctx.Err() != nil:
		outcome = "stopped" // canceled, past its deadline, or given back
	case err != nil:
		outcome = "failed"
	}
	c.metrics.runs.WithLabelValues(outcome).Observe(time.Since(began).Seconds())
	return extra, err
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
