package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
)

// getEvents serves GET /v1/predictions/{id}/events?after=N from the one log,
// in the form that the caller asks for: a WebSocket, server-sent events, or
// JSON. All tell every event numbered above N in order.
func (a *API) getEvents(c echo.Context) error {
	id := c.Param("id")
	c.Set(keyPrediction, id)
	after, err := parseAfter(c.Request())
	if err != nil {
		return err
	}
	switch {
	case websocket.IsWebSocketUpgrade(c.Request()):
		return a.socketEvents(c, id, after)
	case strings.Contains(c.Request().Header.Get("Accept"), "text/event-stream"):
		return a.sseEvents(c, id, after)
	}
	return a.jsonEvents(c, id, after)
}

// parseAfter reads the last event number that the caller has seen. A browser
// that reconnects sends it as Last-Event-ID.
func parseAfter(r *http.Request) (uint64, error) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("after")
	}
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, problem(http.StatusBadRequest, "after must be the number of an event, 0 or more")
	}
	return n, nil
}

func wantsPreviews(r *http.Request) bool {
	on, _ := strconv.ParseBool(r.URL.Query().Get("previews"))
	return on
}

// frame is a preview where frames are text. Its number is that of no event:
// previews are not in the log.
type frame struct {
	Type prediction.EventType `json:"type"`
	Data struct {
		Step uint32 `json:"step"`
		JPEG []byte `json:"jpeg"` // base64
	} `json:"data"`
}

func previewFrame(p prediction.Preview) frame {
	f := frame{Type: prediction.EventPreview}
	f.Data.Step, f.Data.JPEG = p.Step, p.JPEG
	return f
}
