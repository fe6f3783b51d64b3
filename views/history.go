package views

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"easel/internal/prediction"
)

// History is one page of past predictions.
type History struct {
	Page
	Filters
	Now     time.Time
	Cards   []Card
	Older   string   // address of the next page; "": none
	Binned  []string // ids that are about to be deleted
	Seconds int      // until the last of them is
}

// Filters say which predictions are shown.
type Filters struct {
	Search  string
	Status  prediction.Status // "": any
	Source  string            // "": any
	Starred bool
}

// Any says whether anything is filtered at all.
func (f Filters) Any() bool { return f != Filters{} }

// Query is the filters as the address carries them.
func (f Filters) Query() url.Values {
	q := url.Values{}
	for name, v := range map[string]string{"q": f.Search, "status": string(f.Status), "source": f.Source} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if f.Starred {
		q.Set("starred", "1")
	}
	return q
}

// Path is the address of the first page with these filters.
func (f Filters) Path() string {
	if q := f.Query().Encode(); q != "" {
		return "/history?" + q
	}
	return "/history"
}

// Going says what is about to be deleted.
func (h History) Going() string {
	if len(h.Binned) == 1 {
		return fmt.Sprintf("One prediction is deleted for good in %d s.", h.Seconds)
	}
	return fmt.Sprintf("%d predictions are deleted for good in %d s.", len(h.Binned), h.Seconds)
}

// option is a choice of a filter.
type option struct{ Value, Title string }

var statusOptions = []option{
	{"", "Any status"}, {"succeeded", "Done"}, {"failed", "Failed"}, {"canceled", "Canceled"}, {"processing", "Drawing"}, {"starting", "Waiting"},
}

var sourceOptions = []option{{"", "Page and API"}, {"web", "From the page"}, {"api", "From the API"}}

// Card is one prediction in the history.
type Card struct {
	Run
	CreatedAt time.Time
	Starred   bool
}

// When is how long ago the prediction was asked for.
func (c Card) When(now time.Time) string { return ago(c.CreatedAt, now) }

// Thumb is the address of the first picture, small.
func (c Card) Thumb() string { return thumb(c.Files[0].URL) }

// thumb is the small picture of one that this server keeps, and the address itself of others.
func thumb(address string) string {
	if u, err := url.Parse(address); err == nil && strings.HasPrefix(u.Path, "/files/") {
		token, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/files/"), "/")
		return "/thumbs/" + token + "/small.jpg"
	}
	return address
}

// Short is the prompt in the few words that name a tile's controls.
func (c Card) Short() string { return Cut(c.Prompt, 60) }

var historyKeys = []shortcut{
	{"Arrows", "Move from picture to picture"},
	{"Home  End", "To the first, to the last"},
	{"Enter", "Open it"},
	{"x", "Select it, or not"},
	{"s", "Star it, or not"},
	{"Delete", "Delete it, or what is selected; that can be undone for a while"},
	{"Esc", "Select nothing"},
	{"/", "Search"},
	{"?", "This list"},
}
