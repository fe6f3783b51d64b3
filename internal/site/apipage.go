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

// shownExamples is how many of the last pictures the API page shows, and
// searched among how many runs they are looked for.
const (
	shownExamples = 8
	searched      = 40
)

// apiPage tells how to call the model, with examples that this server drew.
func (s *Site) apiPage(c echo.Context) error {
	list, err := s.Predictions.List(c.Request().Context(), prediction.Query{Limit: searched})
	if err != nil {
		return err
	}
	start := views.Values{"prompt": "a picture of a fox"}
	if len(s.Model.Examples) > 0 {
		start["prompt"] = s.Model.Examples[0]
	}
	show := views.API{
		Page: page(c, "API · Easel", "/api"), Model: s.Model, Base: s.base(c), Inputs: views.NewInputs(schema.Fields()), Start: start,
		Curl: curl(s.base(c)+s.Model.CreatePath(), start),
	}
	for _, p := range list.Results {
		if p.Status == prediction.Succeeded && len(p.Output) > 0 && len(show.Examples) < shownExamples {
			show.Examples = append(show.Examples, views.Card{Run: views.NewRun(p), CreatedAt: p.CreatedAt})
		}
	}
	return render(c, http.StatusOK, views.APIPage(show))
}

// curl is a first request, for browsers without script.
func curl(address string, input views.Values) string {
	body, _ := json.MarshalIndent(map[string]any{"input": input}, "", "  ") // strings: cannot fail
	quoted := strings.ReplaceAll(string(body), "'", `'\''`)
	return fmt.Sprintf("curl -s -X POST \\\n  -H \"Authorization: Bearer $REPLICATE_API_TOKEN\" \\\n  -H \"Content-Type: application/json\" \\\n  -H \"Prefer: wait\" \\\n  -d '%s' \\\n  %s", quoted, address)
}
