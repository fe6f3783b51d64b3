package api

import (
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
)

// sseEvents follows a prediction as server-sent events, with its previews
// where ?previews=1 asks for them.
func (a *API) sseEvents(c echo.Context, id string, after uint64) error {
	ctx := c.Request().Context()
	events, previews, err := a.Service.Follow(ctx, id, after)
	if err != nil {
		return err
	}
	if !wantsPreviews(c.Request()) {
		previews = nil
	}
	defer a.Metrics.viewer("sse")()
	s := startSSE(c)
	alive := time.NewTicker(quiet)
	defer alive.Stop()
	for {
		select {
		case e, open := <-events:
			if !open {
				return nil
			}
			after = e.N
			err = s.eventJSON(e.N, string(e.Type), e)
		case p, open := <-previews:
			if !open {
				previews = nil
				continue
			}
			err = s.eventJSON(after, string(prediction.EventPreview), previewFrame(p))
		case <-alive.C:
			err = s.hi()
		}
		if err != nil {
			return nil // the viewer left or stopped reading
		}
	}
}

func (s *sse) eventJSON(n uint64, name string, v any) error {
	data, err := marshal(v)
	if err != nil {
		return err
	}
	return s.event(strconv.FormatUint(n, 10), name, string(data))
}
