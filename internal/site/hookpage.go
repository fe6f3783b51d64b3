package site

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/views"
)

func (s *Site) makeHook(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, HooksPath+"/"+s.hooks.add())
}

// takeHook is a test address, as others call it.
func (s *Site) takeHook(c echo.Context) error {
	known, err := s.hooks.take(c.Param("token"), c.Request().Header, c.Request().Body)
	if err != nil {
		return err
	}
	if !known {
		return prediction.ErrNotFound
	}
	return c.NoContent(http.StatusNoContent)
}

// showHook tells what arrived, and how to have something arrive.
func (s *Site) showHook(c echo.Context) error {
	arrivals, known := s.hooks.list(c.Param("token"))
	if !known {
		return prediction.ErrNotFound
	}
	address := s.base(c) + HooksPath + "/" + c.Param("token")
	show := views.Sink{
		Page: page(c, "Webhook test · Easel", "/api"), Address: address, Arrivals: arrivals, Create: s.Model.CreatePath(),
		Body: map[string]any{"webhook": address, "input": s.start()},
	}
	show.Curl = curl(s.base(c)+s.Model.CreatePath(), show.Body)
	show.Refresh = 3
	return render(c, http.StatusOK, views.SinkPage(show))
}
