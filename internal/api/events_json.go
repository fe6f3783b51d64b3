package api

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
)

// jsonEvents answers with what has happened so far. Next is the address that
// goes on from there, null after the end.
func (a *API) jsonEvents(c echo.Context, id string, after uint64) error {
	events, err := a.Service.Replay(c.Request().Context(), id, after)
	if err != nil {
		return err
	}
	out := whole(events)
	ended := false
	for _, e := range events {
		after, ended = e.N, e.Type == prediction.EventDone
	}
	if !ended {
		next := fmt.Sprintf("%s/v1/predictions/%s/events?after=%d", a.base(c.Request()), id, after)
		out.Next = &next
	}
	return answer(c, http.StatusOK, out)
}
