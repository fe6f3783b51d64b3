package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
)

// page is Replicate's envelope of every list. Next and Previous are absolute
// addresses, or null at the ends.
type page[T any] struct {
	Next     *string `json:"next"`
	Previous *string `json:"previous"`
	Results  []T     `json:"results"`
}

// whole is a list that fits one page.
func whole[T any](items []T) page[T] {
	if items == nil {
		items = []T{}
	}
	return page[T]{Results: items}
}

// listPredictions serves GET /v1/predictions, newest first.
func (a *API) listPredictions(c echo.Context) error {
	q, err := parseQuery(c.QueryParams())
	if err != nil {
		return err
	}
	found, err := a.Service.List(c.Request().Context(), q)
	if errors.Is(err, prediction.ErrInvalid) {
		return problem(http.StatusBadRequest, "Invalid cursor")
	} else if err != nil {
		return err
	}
	base := a.base(c.Request())
	out := page[wirePrediction]{
		Next:     turn(base, c.QueryParams(), found.Next),
		Previous: turn(base, c.QueryParams(), found.Previous),
		Results:  make([]wirePrediction, len(found.Results)),
	}
	for i, p := range found.Results {
		if out.Results[i], err = a.wire(c.Request().Context(), p, view{base: base, stream: !isCLI(c.Request()), echo: echoPage}); err != nil {
			return err
		}
	}
	return answer(c, http.StatusOK, out)
}

// turn is the address of another page of the same list.
func turn(base string, asked url.Values, cursor string) *string {
	if cursor == "" {
		return nil
	}
	query := url.Values{}
	for key, values := range asked {
		query[key] = values
	}
	query.Set("cursor", cursor)
	address := base + "/v1/predictions?" + query.Encode()
	return &address
}

// pageSize is how many predictions stand on a page.
const pageSize = 100

func parseQuery(v url.Values) (q prediction.Query, err error) {
	q = prediction.Query{
		Cursor: v.Get("cursor"), Limit: pageSize,
		Search: v.Get("search"), Source: v.Get("source"), Status: prediction.Status(v.Get("status")),
	}
	if s := q.Source; s != "" && s != "web" && s != "api" {
		return q, problem(http.StatusBadRequest, `source must be "web" or "api"`)
	}
	if text := v.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > pageSize {
			return q, problem(http.StatusBadRequest, fmt.Sprintf("limit must be a number from 1 to %d", pageSize))
		}
	}
	for name, at := range map[string]*time.Time{"created_after": &q.CreatedAfter, "created_before": &q.CreatedBefore} {
		text := v.Get(name)
		if text == "" {
			continue
		}
		if *at, err = parseTime(text); err != nil {
			return q, problem(http.StatusBadRequest, name+" must be a date and time such as 2026-01-31T12:00:00Z")
		}
	}
	return q, nil
}

func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("time %q", text)
}
