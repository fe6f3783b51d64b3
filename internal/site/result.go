package site

import (
	"net/http"
	"sort"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/schema"
	"easel/views"
)

// result shows one prediction, and shows itself again until it has ended.
func (s *Site) result(c echo.Context) error {
	p, err := s.Predictions.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err // an unknown one is told as such
	}
	show := views.Result{Page: page(c, title(p), ""), Model: s.Model, Run: views.NewRun(p), Inputs: inputs(s.values(c, p)), About: about(p)}
	show.Refresh = refresh(show.Run)
	return render(c, http.StatusOK, views.ResultPage(show))
}

// cancel ends a prediction and shows what became of it.
func (s *Site) cancel(c echo.Context) error {
	p, err := s.Predictions.Cancel(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err // an unknown one is told as such
	}
	return c.Redirect(http.StatusSeeOther, "/p/"+p.ID)
}

func title(p prediction.Prediction) string {
	prompt := []rune(views.FromInput(p.Input)["prompt"])
	if len(prompt) > 60 {
		prompt = append(prompt[:59], '…')
	}
	return string(prompt) + " · Easel"
}

// inputs lists what the caller gave, in the form's order.
func inputs(values views.Values) (facts []views.Fact) {
	for _, f := range schema.Fields() {
		v, given := values[f.Name]
		if !given {
			continue
		}
		facts = append(facts, views.Fact{Name: f.Name, Value: v, Picture: f.Format == "uri"})
	}
	return facts
}

// about says how the run went.
func about(p prediction.Prediction) []views.Fact {
	facts := []views.Fact{{Name: "id", Value: p.ID}, {Name: "model", Value: p.Model}, {Name: "created", Value: p.CreatedAt.Format("2 Jan 2006 15:04:05 MST")}}
	if len(p.Extra.Seeds) > 0 {
		var seeds []string
		for _, s := range p.Extra.Seeds {
			seeds = append(seeds, strconv.FormatInt(s, 10))
		}
		facts = append(facts, views.Fact{Name: "seeds", Value: strings.Join(seeds, ", ")})
	}
	if t := p.Extra.Timings; t != nil {
		parts := map[string]float64{"load": t.Load, "text": t.Text, "encode": t.Encode, "steps": t.Steps, "preview": t.Preview, "decode": t.Decode, "save": t.Save}
		var names []string
		for name, v := range parts {
			if v > 0 {
				names = append(names, name)
			}
		}
		sort.Slice(names, func(i, j int) bool { return parts[names[i]] > parts[names[j]] })
		for _, name := range names {
			facts = append(facts, views.Fact{Name: name, Value: strconv.FormatFloat(parts[name], 'f', 2, 64) + " s"})
		}
	}
	return facts
}
