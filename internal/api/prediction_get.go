package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
)

// getPrediction serves GET /v1/predictions/{id}, which clients poll.
func (a *API) getPrediction(c echo.Context) error {
	c.Set(keyPrediction, c.Param("id"))
	p, err := a.Service.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return a.show(c, p)
}

// show answers with a prediction as this caller sees it.
func (a *API) show(c echo.Context, p prediction.Prediction) error {
	w, err := a.wire(c.Request().Context(), p, a.viewOf(c.Request(), p))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, w)
}
