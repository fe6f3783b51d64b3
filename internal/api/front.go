package api

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"
)

// Keys of what is known about a request.
const (
	keyRequest    = "request"
	keyPrediction = "prediction"
	keyCaller     = "caller"
)

// Front is what every request passes, whatever it asks for.
type Front struct {
	Log       *slog.Logger
	Metrics   *Metrics
	Guard     Guard
	Access    *Access
	ErrorPage func(c echo.Context, p *Problem) error // outside /v1; nil: JSON there, too
}

// Mount puts the front before all routes of e.
func (f Front) Mount(e *echo.Echo) {
	e.HideBanner, e.HidePort = true, true
	// Whom limits count: headers that name an address are the caller's word, and
	// of IPv6 one caller holds a whole network.
	e.IPExtractor = func(r *http.Request) string { return network(r.RemoteAddr) }
	e.HTTPErrorHandler = ErrorHandler(f.Log, f.ErrorPage)
	e.Pre(rewrite)
	e.Use(f.observe, recovered, f.Guard.Middleware, f.Access.Middleware, slowBodies, slowReaders(readerPatience))
}

// observe names, counts and logs a request. The log has routes, not paths: a
// path may hold a capability.
func (f Front) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		id := rand.Text()
		c.Set(keyRequest, id)
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		c.Response().Header().Set(echo.HeaderXContentTypeOptions, "nosniff")
		if err := next(c); err != nil {
			c.Error(err)
		}
		took := time.Since(began)
		f.Metrics.request(c, took)
		level := slog.LevelInfo
		if c.Request().Method == http.MethodGet && c.Response().Status < 400 {
			level = slog.LevelDebug // polls and pictures would drown the rest
		}
		attrs := []slog.Attr{slog.String("request", id),
			slog.String("method", c.Request().Method), slog.String("route", c.Path()), slog.Int("status", c.Response().Status),
			slog.Duration("took", took), slog.Int64("bytes", c.Response().Size)}
		for _, key := range []string{keyPrediction, keyCaller} {
			if value, known := c.Get(key).(string); known {
				attrs = append(attrs, slog.String(key, value))
			}
		}
		f.Log.LogAttrs(c.Request().Context(), level, "request", attrs...)
		return nil
	}
}

func requestID(c echo.Context) string {
	id, _ := c.Get(keyRequest).(string)
	return id
}

// recovered turns a panic into an error, so that one request cannot end the rest.
func recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch r := recover(); r {
			case nil:
			case http.ErrAbortHandler:
				panic(r)
			default:
				err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		return next(c)
	}
}

// Base addresses differ from client to client: some end in /v1, some do not,
// and replicate-go glues a whole address from a page's "next" to its base.
var glued = regexp.MustCompile(`^/v1/(?:https?:/+[^/]+/)?v1/`)

// rewrite makes /v1/v1/… and /v1/http://host/v1/… into /v1/….
func rewrite(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		u.Path = glued.ReplaceAllString(u.Path, "/v1/")
		u.RawPath = glued.ReplaceAllString(u.RawPath, "/v1/")
		return next(c)
	}
}
