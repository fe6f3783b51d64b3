package api

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
)

// stream serves urls.stream: a prediction told in Replicate's four events. It
// needs no login, since clients send none. Logs are not told: replicate-go
// fails on them.
func (a *API) stream(c echo.Context, id, token string) error {
	ctx := c.Request().Context()
	p, err := a.Service.Get(ctx, id)
	if err != nil {
		return err
	}
	if p.StreamToken == "" || subtle.ConstantTimeCompare([]byte(token), []byte(p.StreamToken)) != 1 {
		return errNotFound()
	}
	c.Set(keyPrediction, id)
	events, _, err := a.Service.Follow(ctx, id, lastSeen(c.Request()))
	if err != nil {
		return err
	}
	defer a.Metrics.viewer("stream")()
	s := startSSE(c)
	alive := time.NewTicker(quiet)
	defer alive.Stop()
	for {
		select {
		case e, open := <-events:
			if !open {
				return nil
			}
			err = a.tell(c, s, e)
		case <-alive.C:
			err = s.hi()
		}
		if err != nil {
			return nil // the reader left or stopped reading
		}
	}
}

// lastSeen reads "unix seconds:event number".
func lastSeen(r *http.Request) uint64 {
	_, n, _ := strings.Cut(r.Header.Get("Last-Event-ID"), ":")
	after, _ := strconv.ParseUint(n, 10, 64) // anything else: from the start
	return after
}

// tell writes what an event means to a stream's reader, if anything.
func (a *API) tell(c echo.Context, s *sse, e prediction.Event) error {
	var d struct {
		File   string            `json:"file"`
		Status prediction.Status `json:"status"`
		Error  string            `json:"error"`
	}
	if err := json.Unmarshal(e.Data, &d); err != nil && len(e.Data) > 0 {
		return err
	}
	id := func(n uint64) string { return fmt.Sprintf("%d:%d", e.At.Unix(), n) }
	switch {
	case e.Type == prediction.EventOutput:
		uri := fileURL(a.base(c.Request()), d.File)
		if a.OutputURLs == "data" {
			token, _, _ := strings.Cut(d.File, "/")
			if data, err := a.dataURI(c.Request().Context(), token); err == nil {
				uri = data
			}
		}
		return s.event(id(e.N), "output", uri)
	case e.Type != prediction.EventDone:
		return nil
	case d.Status == prediction.Failed:
		detail, err := marshal(map[string]string{"detail": d.Error})
		if err != nil {
			return err
		}
		// Whoever resumes after this event has not seen the end.
		if err := s.event(id(e.N-1), "error", string(detail)); err != nil {
			return err
		}
		return s.event(id(e.N), "done", `{"reason":"error"}`)
	case d.Status == prediction.Canceled:
		return s.event(id(e.N), "done", `{"reason":"canceled"}`)
	}
	return s.event(id(e.N), "done", "{}")
}
