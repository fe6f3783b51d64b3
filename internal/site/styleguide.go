package site

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"easel/views"
)

// styleguide shows the design language and every component with sample data.
func (s *Site) styleguide(c echo.Context) error {
	return render(c, http.StatusOK, views.StyleguidePage(views.NewStyleguide(page(c, "Style guide · Easel", ""))))
}
