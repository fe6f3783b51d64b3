package api

import "github.com/labstack/echo/v4"

// cancelPrediction serves POST /v1/predictions/{id}/cancel. One that has
// ended is told as it is.
func (a *API) cancelPrediction(c echo.Context) error {
	c.Set(keyPrediction, c.Param("id"))
	p, err := a.Service.Cancel(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return a.show(c, p)
}
