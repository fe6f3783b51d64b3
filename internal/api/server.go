package api

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// NewServer is an http.Server with bounds on what a stranger's connection may
// cost. Bodies have their own bound (slowBodies); answers that are streamed
// set a deadline for every write.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    4 << 10, // net/http adds 4 KiB of its own: 8 KiB in all
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

const (
	bodyPatience = 20 * time.Second // that any body gets
	bodyRate     = 16 << 10         // bytes a second that a longer one must keep up
)

// slowBodies lets go of callers who send a body by drips.
func slowBodies(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.Body == nil || r.Body == http.NoBody {
			return next(c)
		}
		body := &patientBody{ReadCloser: r.Body, rc: http.NewResponseController(c.Response()), began: time.Now()}
		body.wait() // holds for what a handler leaves unread, too
		r.Body = body
		return next(c)
	}
}

// readerPatience is what a caller gets to read an ordinary answer to its end.
const readerPatience = 5 * time.Minute

// slowReaders lets go of callers who ask, and then do not read: an answer may
// hold a picture in memory. Streams set a nearer deadline for every write.
func slowReaders(patience time.Duration) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			rc := http.NewResponseController(c.Response())
			c.Response().Before(func() { _ = rc.SetWriteDeadline(time.Now().Add(patience)) }) // net/http takes it back after the answer
			return next(c)
		}
	}
}

// patientBody moves the connection's read deadline on as bytes come.
type patientBody struct {
	io.ReadCloser
	rc    *http.ResponseController
	began time.Time
	got   int64
}

func (b *patientBody) wait() {
	due := b.began.Add(bodyPatience + time.Duration(b.got)*time.Second/bodyRate)
	_ = b.rc.SetReadDeadline(due) // a recorder in a test has no deadlines
}

func (b *patientBody) Read(p []byte) (int, error) {
	b.wait()
	n, err := b.ReadCloser.Read(p)
	b.got += int64(n)
	if errors.Is(err, io.EOF) {
		// The server reads on to see the caller leave. With a deadline it
		// would take everybody who waits longer for gone.
		_ = b.rc.SetReadDeadline(time.Time{})
	}
	return n, err
}
