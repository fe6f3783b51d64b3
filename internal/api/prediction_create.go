package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// createPrediction serves POST /v1/predictions: the body names the version.
func (a *API) createPrediction(c echo.Context) error {
	body, err := readBody(c, maxBody)
	if err != nil {
		return err
	}
	e, err := parseEnvelope(body, withVersion())
	if err != nil {
		return err
	}
	m, err := a.Catalogue.ByVersion(e.Version)
	if err != nil {
		return err
	}
	return a.create(c, m, e)
}

// createForModel serves POST /v1/models/{owner}/{name}/predictions.
func (a *API) createForModel(c echo.Context) error {
	m, err := a.Catalogue.ByPath(modelPath(c))
	if err != nil {
		return err
	}
	return a.createFor(c, m)
}

// createForDeployment serves POST /v1/deployments/{owner}/{name}/predictions.
// A deployment here is another name of the default model.
func (a *API) createForDeployment(c echo.Context) error {
	m, err := a.Catalogue.ByPath(modelPath(c))
	if err != nil {
		m = a.Catalogue[0]
	}
	return a.createFor(c, m)
}

func (a *API) createFor(c echo.Context, m Model) error {
	body, err := readBody(c, maxBody)
	if err != nil {
		return err
	}
	e, err := parseEnvelope(body, withModel())
	if err != nil {
		return err
	}
	return a.create(c, m, e)
}

func modelPath(c echo.Context) string { return c.Param("owner") + "/" + c.Param("name") }

// create accepts a prediction and answers at once, or holds the answer while
// the caller prefers to wait.
func (a *API) create(c echo.Context, m Model, e envelope) error {
	came := time.Now()
	pref := parsePrefer(c.Request().Header)
	p, err := a.accept(c, m, e, pref.hold > 0)
	if err != nil {
		return err
	}
	c.Set(keyPrediction, p.ID)
	status := http.StatusCreated
	if pref.hold > 0 {
		ctx, stop := context.WithDeadline(c.Request().Context(), came.Add(pref.hold))
		defer stop()
		ended, err := a.Service.Wait(ctx, p.ID)
		switch {
		case err == nil:
			p = ended
		case c.Request().Context().Err() != nil:
			return fmt.Errorf("wait for %s: %w", p.ID, context.Canceled) // the caller left; the prediction goes on
		default:
			// Clients take any status but "starting" for the end, so the
			// answer tells how the prediction stood when it was accepted. An
			// error would make some of them ask for it again.
			status = http.StatusAccepted
			if !errors.Is(err, context.DeadlineExceeded) {
				a.Log.Warn("wait broke off", "prediction", p.ID, "err", err)
			}
		}
		c.Response().Header().Set("Preference-Applied", pref.applied)
	}
	v := a.viewOf(c.Request(), p)
	v.created, v.stream = true, v.stream || e.Stream
	w, err := a.wire(c.Request().Context(), p, v)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, w.URLs["get"])
	return answer(c, status, w)
}
