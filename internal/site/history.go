package site

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/share"
	"easel/views"
)

// perPage is how many predictions one page of the history shows.
const perPage = 48

// history shows past predictions, newest first: those that the filters in the
// address let through, less what is in the bin.
func (s *Site) history(c echo.Context) error {
	ctx := c.Request().Context()
	show := views.History{Page: page(c, "History · Easel", "/history"), Now: time.Now(), Filters: filters(c)}
	stars, err := s.Shelf.Marked(ctx, share.Star)
	if err != nil {
		return err
	}
	binned, err := s.Shelf.Marked(ctx, share.Binned)
	if err != nil {
		return err
	}
	list, err := s.found(ctx, show.Filters, c.QueryParam("cursor"), stars)
	switch {
	case errors.Is(err, prediction.ErrInvalid):
		return c.Redirect(http.StatusFound, "/history")
	case err != nil:
		return err
	}
	for _, p := range list.Results {
		if _, gone := binned[p.ID]; gone {
			continue
		}
		_, starred := stars[p.ID]
		show.Cards = append(show.Cards, views.Card{Run: views.NewRun(p), CreatedAt: p.CreatedAt, Starred: starred})
	}
	for id, due := range binned {
		show.Binned = append(show.Binned, id)
		show.Seconds = max(show.Seconds, int(time.Until(due).Seconds()))
	}
	if list.Next != "" {
		query := show.Filters.Query()
		query.Set("cursor", list.Next)
		show.Older = "/history?" + query.Encode()
	}
	return render(c, http.StatusOK, views.HistoryPage(show))
}

func filters(c echo.Context) views.Filters {
	f := views.Filters{Search: c.QueryParam("q"), Source: c.QueryParam("source"), Starred: c.QueryParam("starred") != ""}
	switch status := prediction.Status(c.QueryParam("status")); status {
	case prediction.Starting, prediction.Processing, prediction.Succeeded, prediction.Failed, prediction.Canceled:
		f.Status = status
	}
	return f
}

// found is one page of what the filters let through.
func (s *Site) found(ctx context.Context, f views.Filters, cursor string, stars map[string]time.Time) (prediction.Page, error) {
	if f.Starred {
		return s.starred(ctx, f, cursor, stars)
	}
	return s.Predictions.List(ctx, prediction.Query{Cursor: cursor, Limit: perPage, Search: f.Search, Status: f.Status, Source: f.Source})
}

// change does what the history's form asks for: ?do= with every id=, or
// star=, unstar=, delete= with one. The script hears 204, a form is led back.
func (s *Site) change(c echo.Context) error {
	ctx := c.Request().Context()
	form, err := c.FormParams()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, "The form could not be read.")
	}
	do, ids := form.Get("do"), form["id"]
	for _, one := range []string{"star", "unstar", "delete"} { // a tile's own button, whatever is selected
		if id := form.Get(one); id != "" {
			do, ids = one, []string{id}
		}
	}
	if err := s.exist(ctx, ids); err != nil {
		return err
	}
	switch do {
	case "delete":
		err = s.Bin.Throw(ctx, ids...)
	case "restore":
		var kept int
		if kept, err = s.Bin.TakeBack(ctx, ids...); err == nil && kept < len(ids) {
			err = echo.NewHTTPError(http.StatusGone, "It was too late for some of it: deleted is deleted.")
		}
	case "star", "unstar":
		err = s.star(ctx, do == "star", ids)
	default:
		err = echo.NewHTTPError(http.StatusBadRequest, "do must be delete, restore, star or unstar.")
	}
	if err != nil {
		return err
	}
	if c.Request().Header.Get(echo.HeaderAccept) == echo.MIMEApplicationJSON {
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, historyPath(form.Get("back")))
}

// historyPath is where a form of the history leads back to.
func historyPath(back string) string {
	if u, err := url.Parse(back); err == nil && u.Host == "" && u.Path == "/history" {
		return "/history?" + u.RawQuery
	}
	return "/history"
}

// exist refuses ids of nothing: marks are for predictions only.
func (s *Site) exist(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return echo.NewHTTPError(http.StatusUnprocessableEntity, "Nothing was selected.")
	}
	for _, id := range ids {
		if _, err := s.Predictions.Get(ctx, id); err != nil && !errors.Is(err, prediction.ErrNotFound) {
			return err
		} else if err != nil {
			return echo.NewHTTPError(http.StatusGone, "It is deleted already.")
		}
	}
	return nil
}
