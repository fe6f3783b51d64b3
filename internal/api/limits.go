package api

import (
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"
)

// Limits bounds how often one caller may ask, creates apart from the rest.
// Clients retry a refusal at once and without end, so they are meant wide.
type Limits struct {
	create, other int // a minute; 0: without limit

	mu      sync.Mutex
	callers map[string]*rate.Limiter
}

// NewLimits takes requests a minute; 0 is without limit.
func NewLimits(create, other int) *Limits {
	return &Limits{create: create, other: other, callers: map[string]*rate.Limiter{}}
}

// maxCallers bounds the memory that strangers can fill. Beyond it all start anew.
const maxCallers = 10_000

// Middleware answers 429 under /v1 to a caller over the limit.
func (l *Limits) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !isAPI(c.Request().URL.Path) {
			return next(c)
		}
		kind, perMinute := "other ", l.other
		if c.Request().Method == http.MethodPost && strings.HasSuffix(c.Path(), "/predictions") {
			kind, perMinute = "create ", l.create
		}
		if perMinute == 0 {
			return next(c)
		}
		bucket := l.bucket(kind+callerOf(c), perMinute)
		allowed := bucket.Allow()
		h := c.Response().Header()
		h.Set("Ratelimit-Remaining", strconv.Itoa(max(0, int(bucket.Tokens()))))
		h.Set("Ratelimit-Reset", "1")
		if !allowed {
			return errThrottled()
		}
		return next(c)
	}
}

func (l *Limits) bucket(key string, perMinute int) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.callers[key]
	if b == nil {
		if len(l.callers) >= maxCallers {
			clear(l.callers)
		}
		b = rate.NewLimiter(rate.Limit(float64(perMinute)/60), perMinute)
		l.callers[key] = b
	}
	return b
}

// callerOf is the token's name, or the address where there are no tokens.
func callerOf(c echo.Context) string {
	if name, ok := c.Get(keyCaller).(string); ok {
		return "token " + name
	}
	return c.RealIP()
}
