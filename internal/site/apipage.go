package site

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/schema"
	"easel/views"
)

// shownExamples is how many of the last pictures the API page shows.
const shownExamples = 8

// apiPage tells how to call the model, with examples that this server drew.
func (s *Site) apiPage(c echo.Context) (err error) {
	ctx, start := c.Request().Context(), s.start()
	show := views.API{
		Page: page(c, "API · Easel", "/api"), Model: s.Model, Base: s.base(c), Inputs: views.NewInputs(schema.Fields()), Start: start,
		Curl: curl(s.base(c)+s.Model.CreatePath(), map[string]any{"input": start}),
	}
	if show.Examples, err = s.recent(ctx, shownExamples); err != nil {
		return err
	}
	if show.Coming, err = s.busy(ctx); err != nil {
		return err
	}
	if show.Coming {
		show.Refresh = 3
	}
	return render(c, http.StatusOK, views.APIPage(show))
}

// drawExamples has the model's own examples drawn, so that the page shows them.
func (s *Site) drawExamples(c echo.Context) error {
	for _, prompt := range s.Model.Examples {
		input, _ := json.Marshal(views.Values{"prompt": prompt}) // strings: cannot fail
		_, err := s.Predictions.Create(c.Request().Context(), prediction.New{
			Model: s.Model.Path(), Version: s.Model.Version, Input: input, Source: "web",
		})
		if err != nil {
			return err
		}
	}
	return c.Redirect(http.StatusSeeOther, "/api#examples")
}

// start is the input of a first request.
func (s *Site) start() views.Values {
	if len(s.Model.Examples) > 0 {
		return views.Values{"prompt": s.Model.Examples[0]}
	}
	return views.Values{"prompt": "a picture of a fox"}
}

// curl is a request as a command, for browsers without script.
func curl(address string, body map[string]any) string {
	text, _ := json.MarshalIndent(body, "", "  ") // strings: cannot fail
	quoted := strings.ReplaceAll(string(text), "'", `'\''`)
	return fmt.Sprintf("curl -s -X POST \\\n  -H \"Authorization: Bearer $REPLICATE_API_TOKEN\" \\\n  -H \"Content-Type: application/json\" \\\n  -H \"Prefer: wait\" \\\n  -d '%s' \\\n  %s", quoted, address)
}
