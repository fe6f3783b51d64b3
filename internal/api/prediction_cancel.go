package api

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// cancelPrediction serves POST /v1/predictions/{id}/cancel. One that has
// ended is told as it is.
func (a *API) cancelPrediction(c echo.Context) error {
	c.Set(keyPrediction, c.Param("id"))
	p, err := a.Service.Cancel(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	w, err := a.wire(c.Request().Context(), p, a.viewOf(c.Request(), p))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, w)
}
