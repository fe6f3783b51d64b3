package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"syscall"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/schema"
)

// statusClosed is nginx's word for a caller who left before the answer. It is
// only ever logged.
const statusClosed = 499

// ErrorHandler ends every request that failed: JSON under /v1, and whatever
// page draws elsewhere. Errors that are not meant for callers are logged and
// told as a plain 500.
func ErrorHandler(log *slog.Logger, page func(c echo.Context, p *Problem) error) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		p := asProblem(err, c)
		if p.Status == http.StatusInternalServerError || p.Status == http.StatusInsufficientStorage {
			log.ErrorContext(c.Request().Context(), "request failed", "err", err, "request", requestID(c), "route", c.Path())
		}
		if c.Response().Committed || p.Status == statusClosed {
			return
		}
		if p.RetryAfter != "" {
			c.Response().Header().Set(echo.HeaderRetryAfter, p.RetryAfter)
		}
		if page != nil && !isAPI(c.Request().URL.Path) {
			if err := page(c, p); err == nil {
				return
			}
		}
		if err := writeJSON(c, p.Status, "application/problem+json", p); err != nil {
			log.DebugContext(c.Request().Context(), "error answer not written", "err", err, "request", requestID(c))
		}
	}
}

func isAPI(path string) bool { return path == "/v1" || strings.HasPrefix(path, "/v1/") }

// asProblem is the one table from errors to answers.
func asProblem(err error, c echo.Context) *Problem {
	var (
		p       *Problem
		invalid *schema.Invalid
		he      *echo.HTTPError
		tooBig  *http.MaxBytesError
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &invalid):
		return errInvalid(invalid)
	case errors.As(err, &tooBig):
		return errTooBig(tooBig.Limit)
	case errors.Is(err, prediction.ErrNotFound):
		return errNotFound()
	case errors.Is(err, prediction.ErrExists):
		return problem(http.StatusConflict, "A prediction with this id exists already.")
	case errors.Is(err, prediction.ErrTooLarge):
		return problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("The input must be at most %d kB besides its data URIs.", prediction.MaxInput>>10))
	case errors.Is(err, prediction.ErrFull), errors.Is(err, syscall.ENOSPC):
		return problem(http.StatusInsufficientStorage, "The server's disk is full. Its operator must make room, or keep less (--keep, --keep-bytes).")
	case c.Request().Context().Err() != nil && errors.Is(err, context.Canceled):
		return problem(statusClosed, "The caller left.")
	case errors.As(err, &he):
		return fromEcho(he, c)
	}
	return problem(http.StatusInternalServerError, "Something went wrong on the server. Its log tells more about request "+requestID(c)+".")
}

func fromEcho(he *echo.HTTPError, c echo.Context) *Problem {
	switch he.Code {
	case http.StatusNotFound:
		return errNotFound()
	case http.StatusMethodNotAllowed:
		return problem(he.Code, fmt.Sprintf("Method %q not allowed.", c.Request().Method))
	}
	if text, ok := he.Message.(string); ok {
		return problem(he.Code, text)
	}
	return problem(he.Code, http.StatusText(he.Code))
}

func errTooBig(limit int64) *Problem {
	return problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("The request body must be at most %d MB.", limit>>20))
}
