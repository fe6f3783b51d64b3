package site

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/schema"
	"easel/views"
)

// offered is how many runs the comparison offers to choose from.
const offered = 24

// compare shows the predictions ?a= and ?b= side by side.
func (s *Site) compare(c echo.Context) error {
	ctx := c.Request().Context()
	if c.QueryParam("a") == "" {
		return c.Redirect(http.StatusFound, "/history")
	}
	a, err := s.Predictions.Get(ctx, c.QueryParam("a"))
	if err != nil {
		return err // an unknown one is told as such
	}
	show := views.Compare{Page: page(c, "Compare · Easel", ""), A: side("A", a)}
	if id := c.QueryParam("b"); id != "" {
		b, err := s.Predictions.Get(ctx, id)
		if err != nil {
			return err
		}
		show.B = side("B", b)
		show.Inputs = differences(s.drawn(c, a), s.drawn(c, b))
		return render(c, http.StatusOK, views.ComparePage(show))
	}
	list, err := s.Predictions.List(ctx, prediction.Query{Limit: offered})
	if err != nil {
		return err
	}
	for _, p := range list.Results {
		if p.ID != a.ID && len(p.Output) > 0 {
			show.Others = append(show.Others, side("", p).Card)
		}
	}
	return render(c, http.StatusOK, views.ComparePage(show))
}

// drawn are the inputs with the seed that was drawn where none was given.
func (s *Site) drawn(c echo.Context, p prediction.Prediction) views.Values {
	values := s.values(c, p)
	if values["seed"] == "" && len(p.Extra.Seeds) > 0 {
		values["seed"] = strconv.FormatInt(p.Extra.Seeds[0], 10)
	}
	return values
}

func side(letter string, p prediction.Prediction) *views.Side {
	return &views.Side{Letter: letter, Card: views.Card{Run: views.NewRun(p), CreatedAt: p.CreatedAt}}
}

// differences lists the inputs that at least one of the two was given, in the form's order.
func differences(a, b views.Values) (all []views.Difference) {
	for _, f := range schema.Fields() {
		if a[f.Name] != "" || b[f.Name] != "" {
			all = append(all, views.Difference{Name: f.Name, A: a[f.Name], B: b[f.Name]})
		}
	}
	return all
}
