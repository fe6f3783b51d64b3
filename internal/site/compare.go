package site

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/prediction/inputfile"
	"easel/internal/schema"
	"easel/internal/share"
	"easel/views"
)

// offered is how many runs one page of the comparison offers to choose from.
const offered = 24

// compare shows the predictions ?a= and ?b= side by side, of each the picture
// ?pa=, ?pb=. With a alone it offers the others; ?id= with ?id= is what the
// history's form sends for two that are selected.
func (s *Site) compare(c echo.Context) error {
	ids := c.QueryParams()["id"]
	switch {
	case len(ids) == 1:
		return c.Redirect(http.StatusFound, "/compare?a="+url.QueryEscape(ids[0]))
	case len(ids) == 2:
		slices.Sort(ids) // by time: the older one is the first
		return c.Redirect(http.StatusFound, "/compare?a="+url.QueryEscape(ids[0])+"&b="+url.QueryEscape(ids[1]))
	case len(ids) > 2:
		return echo.NewHTTPError(http.StatusUnprocessableEntity, "Two can be compared: select two.")
	case c.QueryParam("a") == "":
		return c.Redirect(http.StatusFound, "/history")
	}
	ctx := c.Request().Context()
	a, err := s.Predictions.Get(ctx, c.QueryParam("a"))
	if err != nil {
		return err // an unknown one is told as such
	}
	show := views.Compare{Page: page(c, "Compare · Easel", ""), A: side("A", a, c.QueryParam("pa"))}
	id := c.QueryParam("b")
	if id == "" {
		return s.offer(c, show)
	}
	b, err := s.Predictions.Get(ctx, id)
	if err != nil {
		return err
	}
	show.B = side("B", b, c.QueryParam("pb"))
	if show.Inputs, err = s.differences(c, a, b); err != nil {
		return err
	}
	return render(c, http.StatusOK, views.ComparePage(show))
}

// offer lists what a can be compared with: one page of what the search finds,
// less what is in the bin.
func (s *Site) offer(c echo.Context, show views.Compare) error {
	ctx := c.Request().Context()
	show.Search = c.QueryParam("q")
	binned, err := s.Shelf.Marked(ctx, share.Binned)
	if err != nil {
		return err
	}
	list, err := s.Predictions.List(ctx, prediction.Query{Cursor: c.QueryParam("cursor"), Limit: offered, Search: show.Search, Status: prediction.Succeeded})
	switch {
	case errors.Is(err, prediction.ErrInvalid): // a cursor of nothing
		return c.Redirect(http.StatusFound, "/compare?a="+url.QueryEscape(show.A.ID))
	case err != nil:
		return err
	}
	for _, p := range list.Results {
		if _, gone := binned[p.ID]; !gone && p.ID != show.A.ID && len(p.Output) > 0 {
			show.Others = append(show.Others, side("", p, "").Card)
		}
	}
	if list.Next != "" {
		show.Older = "/compare?" + url.Values{"a": {show.A.ID}, "q": {show.Search}, "cursor": {list.Next}}.Encode()
	}
	return render(c, http.StatusOK, views.ComparePage(show))
}

func side(letter string, p prediction.Prediction, picture string) *views.Side {
	show := &views.Side{Letter: letter, Card: views.Card{Run: views.NewRun(p), CreatedAt: p.CreatedAt}}
	if at, err := strconv.Atoi(picture); err == nil && at > 0 && at < len(show.Files) {
		show.At = at
	}
	return show
}

// differences lists the inputs that at least one of the two was given, in the
// form's order; the other's is then the default. A seed that was drawn counts
// as given.
func (s *Site) differences(c echo.Context, a, b prediction.Prediction) (all []views.Difference, err error) {
	then, now := s.drawn(c, a), s.drawn(c, b)
	for _, f := range schema.Fields() {
		d := views.Difference{Name: f.Name, A: given(f, then), B: given(f, now)}
		if d.A.Default && d.B.Default {
			continue
		}
		d.Differs = d.A.Value != d.B.Value
		if d.Differs && f.Format == "uri" {
			same, err := s.sameFile(c.Request().Context(), views.FromInput(a.Input)[f.Name], views.FromInput(b.Input)[f.Name])
			if err != nil {
				return nil, err
			}
			d.Differs = !same
		}
		all = append(all, d)
	}
	return all, nil
}

// given is an input of one side: what it was given, or else the default.
func given(f schema.Field, values views.Values) views.Given {
	if v := values[f.Name]; v != "" {
		return views.Given{Fact: views.Fact{Name: f.Name, Value: v, Picture: f.Format == "uri"}}
	}
	g := views.Given{Fact: views.Fact{Name: f.Name}, Default: true}
	if f.Default != nil {
		g.Value = fmt.Sprint(f.Default)
	}
	return g
}

// drawn are the inputs with the seed that was drawn where none was given.
func (s *Site) drawn(c echo.Context, p prediction.Prediction) views.Values {
	values := s.values(c, p)
	if values["seed"] == "" && len(p.Extra.Seeds) > 0 {
		values["seed"] = strconv.FormatInt(p.Extra.Seeds[0], 10)
	}
	return values
}

// sameFile says whether two inputs are the same picture: each run that was
// given it as bytes keeps a file of its own.
func (s *Site) sameFile(ctx context.Context, a, b string) (bool, error) {
	first, heldA := inputfile.Parse(a)
	second, heldB := inputfile.Parse(b)
	if !heldA || !heldB {
		return false, nil
	}
	var files [2][]byte
	for i, ref := range []inputfile.Reference{first, second} {
		file, err := readFile(ctx, s.Files, ref.Token)
		if errors.Is(err, prediction.ErrNotFound) {
			return false, nil
		} else if err != nil {
			return false, err
		}
		files[i] = file
	}
	return bytes.Equal(files[0], files[1]), nil
}
