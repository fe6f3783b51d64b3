package site

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/views"
)

// perPage is how many predictions one page of the history shows.
const perPage = 48

// history shows past predictions, newest first, those that match ?q= only.
func (s *Site) history(c echo.Context) error {
	search := c.QueryParam("q")
	list, err := s.Predictions.List(c.Request().Context(), prediction.Query{Cursor: c.QueryParam("cursor"), Limit: perPage, Search: search})
	switch {
	case errors.Is(err, prediction.ErrInvalid):
		return c.Redirect(http.StatusFound, "/history")
	case err != nil:
		return err
	}
	show := views.History{Page: page(c, "History · Easel", "/history"), Search: search, Now: time.Now()}
	for _, p := range list.Results {
		show.Cards = append(show.Cards, views.Card{Run: views.NewRun(p), CreatedAt: p.CreatedAt})
	}
	if list.Next != "" {
		show.Older = "/history?" + url.Values{"cursor": {list.Next}, "q": {search}}.Encode()
	}
	return render(c, http.StatusOK, views.HistoryPage(show))
}
