package site

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/prediction/inputfile"
	"easel/internal/schema"
	"easel/views"
)

// maxPost is the most bytes that a posted form may hold, its pictures included.
const maxPost = 32 << 20

// run takes the form of a browser without script.
func (s *Site) run(c echo.Context) error {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxPost)
	if err := r.ParseMultipartForm(maxPost); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return echo.NewHTTPError(http.StatusBadRequest, "The form could not be read: its pictures may hold 32 MB together.")
	}
	posted, problems := readForm(r, schema.Fields())
	if len(problems) > 0 {
		return s.refused(c, http.StatusUnprocessableEntity, posted.values, problems)
	}
	input, err := json.Marshal(posted.input)
	if err != nil {
		return err
	}
	if _, err := schema.Parse(input); err != nil {
		return s.answer(c, posted.values, err)
	}
	input, files, err := inputfile.Door{Files: s.Files, Own: s.own(c)}.Admit(r.Context(), input)
	if err != nil {
		return s.answer(c, posted.values, err)
	}
	p, err := s.Predictions.Create(r.Context(), prediction.New{
		Model: s.Model.Path(), Version: s.Model.Version, Input: input, Files: files, Source: "web",
	})
	if err != nil {
		inputfile.Discard(r.Context(), s.Files, files)
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/p/"+p.ID)
}

// own knows the addresses of files that are kept here: see values.
func (s *Site) own(c echo.Context) func(string) (string, bool) {
	return func(address string) (string, bool) {
		path, ok := strings.CutPrefix(address, s.base(c)+"/files/")
		token, _, named := strings.Cut(path, "/")
		return token, ok && named
	}
}

// answer shows at the form what is wrong with a request; anything else is an
// error of the server.
func (s *Site) answer(c echo.Context, values views.Values, err error) error {
	var invalid *schema.Invalid
	if !errors.As(err, &invalid) {
		return err
	}
	return s.refused(c, http.StatusUnprocessableEntity, values, byField(invalid))
}

// byField puts each violation at the field that it names, or at the whole.
func byField(invalid *schema.Invalid) map[string]string {
	problems := map[string]string{}
	for _, v := range invalid.Violations {
		name := strings.TrimPrefix(v.Field, "input.")
		if _, known := schema.Lookup(name); !known {
			// "prompt is required" is said of the input, and meant of the prompt
			name, _, _ = strings.Cut(v.Description, " ")
			if _, known = schema.Lookup(name); !known || v.Type != "required" {
				name = ""
			}
		}
		if problems[name] == "" {
			problems[name] = v.Description
		}
	}
	return problems
}
