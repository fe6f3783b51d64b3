package site

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"easel/internal/prediction"
)

// A default counts as what it stands for, and a picture as what it shows.
func TestCompareMarks(t *testing.T) {
	s, _, k, e := gallery(t)
	files := s.Files.(held)
	files["same"], files["other"] = files["photo"], files["private"]
	run := func(id, input string) {
		k.known[id] = prediction.Prediction{ID: id, Status: prediction.Succeeded, Output: []string{"out"}, Input: json.RawMessage(input), Extra: prediction.Extra{Seeds: []int64{7}}}
	}
	run("a", `{"prompt":"a fox","output_format":"webp","image":"easel-file:photo;data:image/png;base64,","guidance_scale":3}`)
	for name, test := range map[string]struct {
		input string
		want  []string // the inputs that differ
	}{
		"all the same":        {`{"prompt":"a fox","image":"easel-file:photo;data:image/png;base64,"}`, nil},
		"the picture, again":  {`{"prompt":"a fox","image":"easel-file:same;data:image/png;base64,"}`, nil},
		"another picture":     {`{"prompt":"a fox","image":"easel-file:other;data:image/png;base64,"}`, []string{"image"}},
		"no picture":          {`{"prompt":"a fox"}`, []string{"image"}},
		"a seed that differs": {`{"prompt":"a fox","seed":8,"image":"easel-file:photo;data:image/png;base64,"}`, []string{"seed"}},
		"format and prompt":   {`{"prompt":"an owl","output_format":"png","image":"easel-file:photo;data:image/png;base64,"}`, []string{"prompt", "output_format"}},
	} {
		run("b", test.input)
		w := get(e, "/compare?a=a&b=b")
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
		if got := differing(w.Body.String()); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v differ, want %v", name, got, test.want)
		}
	}
}

func differing(page string) (names []string) {
	for _, row := range strings.Split(page, "<tr")[1:] {
		if strings.HasPrefix(row, ` class="table-differs"`) {
			_, rest, _ := strings.Cut(row, `<th scope="row">`)
			names = append(names, rest[:strings.IndexAny(rest, " <")])
		}
	}
	return names
}

func TestCompareIsLedTo(t *testing.T) {
	_, _, _, e := gallery(t)
	for path, want := range map[string]struct {
		status   int
		location string
	}{
		"/compare":                                  {302, "/history"},
		"/compare?back=/history&id=done":            {302, "/compare?a=done"},
		"/compare?back=/history&id=other&id=done":   {302, "/compare?a=done&b=other"},
		"/compare?id=a&id=b&id=c":                   {422, ""},
		"/compare?a=unknown":                        {404, ""},
		"/compare?a=done&b=unknown":                 {404, ""},
		"/compare?a=done":                           {200, ""},
		"/compare?a=done&b=other&pa=9&pb=-1&q=%ff<": {200, ""},
	} {
		w := get(e, path)
		if w.Code != want.status || w.Header().Get("Location") != want.location {
			t.Errorf("%s: %d to %q, want %d to %q", path, w.Code, w.Header().Get("Location"), want.status, want.location)
		}
	}
}
