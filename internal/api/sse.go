package api

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

const (
	// writeWait is how long one write to a viewer may take. A viewer that has
	// stopped reading is let go after it.
	writeWait = 10 * time.Second
	// quiet is how long a stream stays silent before a sign of life.
	quiet = 15 * time.Second
)

// sse writes one server-sent event stream.
type sse struct {
	w  *echo.Response
	rc *http.ResponseController
}

func startSSE(c echo.Context) *sse {
	h := c.Response().Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold the events back
	c.Response().WriteHeader(http.StatusOK)
	s := &sse{c.Response(), http.NewResponseController(c.Response())}
	s.rc.Flush()
	return s
}

// event writes one event. Clients drop events without an id or without data.
func (s *sse) event(id, name, data string) error {
	data = strings.ReplaceAll(data, "\r", "")
	return s.write("id: " + id + "\nevent: " + name + "\ndata: " + strings.ReplaceAll(data, "\n", "\ndata: ") + "\n\n")
}

// hi is a comment, which shows that both ends are there.
func (s *sse) hi() error { return s.write(": hi\n\n") }

func (s *sse) write(text string) error {
	// A server without deadlines, as in some tests, writes all the same.
	_ = s.rc.SetWriteDeadline(time.Now().Add(writeWait))
	if _, err := io.WriteString(s.w, text); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return s.rc.Flush()
}
