// Package views is every byte of Easel's HTML: templ components over small
// structs, each shaped like the part of the screen that it fills.
package views

import "net/url"

// Model is the model that the page plays.
type Model struct {
	Owner, Name string
	Version     string
	Description string   // one sentence
	Facts       []string // a few words each, shown as chips
	Examples    []string // prompts that show it at its best
	Card        string   // the model card, in Markdown
}

// Path is owner/name.
func (m Model) Path() string { return m.Owner + "/" + m.Name }

// CreatePath is where its predictions are created.
func (m Model) CreatePath() string {
	return "/v1/models/" + url.PathEscape(m.Owner) + "/" + url.PathEscape(m.Name) + "/predictions"
}

// Page is what every page has around its content.
type Page struct {
	Title   string
	Theme   string // "light", "dark" or "": as the system says
	Section string // path of the navigation entry that is current
	Refresh int    // seconds after which a page without script loads itself again; 0: never
	Guest   bool   // the visitor may be a stranger: nothing leads further in
	Leave   bool   // the visitor logged in, and may log out
	Teaser  Teaser // what other sites show of a link to the page
}

// Teaser is what a link to a page looks like elsewhere. The zero value tells nothing.
type Teaser struct {
	Title, Description string
	URL                string // absolute, as the picture's
	Image              string
	Width, Height      string // of the picture
}

// section is one entry of the navigation.
type section struct{ Path, Title string }

var sections = []section{{"/", "Playground"}, {"/history", "History"}, {"/api", "API"}}
