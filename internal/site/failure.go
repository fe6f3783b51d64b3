package site

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"easel/views"
)

// Fail shows an error as a page. The server's one error handler calls it for
// every path that a person visits.
func (s *Site) Fail(err error, c echo.Context) error {
	status, detail := http.StatusInternalServerError, "The server's log says what it was."
	var known *echo.HTTPError
	if errors.As(err, &known) {
		status = known.Code
		if text, ok := known.Message.(string); ok && text != http.StatusText(status) {
			detail = text
		} else if status == http.StatusNotFound {
			detail = "Nothing lives at this address."
		} else if status < 500 {
			detail = http.StatusText(status) + "."
		}
	}
	heading := "Something went wrong"
	if status == http.StatusNotFound {
		heading = "Not found"
	} else if status < 500 {
		heading = "That did not work"
	}
	return render(c, status, views.FailurePage(views.Failure{Page: page(c, heading+" · Easel", ""), Heading: heading, Detail: detail}))
}
