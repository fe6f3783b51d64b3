package site

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"easel/views"
)

// ErrorPage tells a person that a request failed, and why. The server's one
// error handler draws it for every path outside the API.
func (s *Site) ErrorPage(c echo.Context, status int, detail string) error {
	heading := "Something went wrong"
	switch {
	case status == http.StatusNotFound:
		heading, detail = "Not found", "Nothing lives at this address. It may have been deleted."
	case status == http.StatusGone:
		heading = "No longer here"
	case status == http.StatusInsufficientStorage:
		heading = "No room left"
	case status < 500:
		heading = "That did not work"
	}
	frame := page(c, heading+" · Easel", "")
	frame.Guest = !s.known(c.Request())
	setHeaders(c.Response().Header())
	return render(c, status, views.FailurePage(views.Failure{Page: frame, Heading: heading, Detail: detail}))
}
