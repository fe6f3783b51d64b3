package site

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/schema"
	"easel/views"
)

// shownRecent is how many of the last pictures stand below the output.
const shownRecent = 12

// playground shows the form: empty, with a prompt from the address, or with
// the inputs and the output of the prediction ?p=, the inputs of what is shared
// as ?share=, or a picture of this server's to start from as ?image=.
func (s *Site) playground(c echo.Context) error {
	show := views.Playground{Page: page(c, s.Model.Path()+" · Easel", "/"), Model: s.Model}
	values := views.Values{}
	if prompt := c.QueryParam("prompt"); prompt != "" {
		values["prompt"] = prompt
	}
	if id := c.QueryParam("p"); id != "" {
		p, err := s.Predictions.Get(c.Request().Context(), id)
		switch {
		case errors.Is(err, prediction.ErrNotFound):
			return c.Redirect(http.StatusFound, "/")
		case err != nil:
			return err
		}
		values = s.values(c, p)
		if c.QueryParam("seed") == "new" {
			delete(values, "seed")
		} else {
			show.Run = views.NewRun(p)
			show.Refresh = refresh(show.Run)
		}
	}
	if token := c.QueryParam("share"); token != "" {
		sh, p, err := s.shared(c.Request().Context(), token)
		if err != nil {
			return err
		}
		values = shown(sh, s.values(c, p))
	}
	if picture := c.QueryParam("image"); strings.HasPrefix(picture, "/files/") {
		values["image"] = s.base(c) + picture
	}
	var err error
	if show.Recent, err = s.recent(c.Request().Context(), shownRecent); err != nil {
		return err
	}
	show.Form = views.NewForm(schema.Fields(), values, nil)
	show.Form.Examples = s.Model.Examples
	return render(c, http.StatusOK, views.PlaygroundPage(show))
}

// refused shows the form again with what is wrong at each field.
func (s *Site) refused(c echo.Context, status int, values views.Values, problems map[string]string) error {
	return render(c, status, views.PlaygroundPage(views.Playground{
		Page:  page(c, "Please check the inputs · Easel", "/"),
		Model: s.Model,
		Form:  views.NewForm(schema.Fields(), values, problems),
	}))
}

// refresh is how soon a page without script asks again.
func refresh(r views.Run) int {
	if r.Busy() {
		return 2
	}
	return 0
}
