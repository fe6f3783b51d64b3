package api

import (
	"slices"
	"strings"
	"time"
)

// Model is one that callers can name.
type Model struct {
	Owner, Name                     string
	Description                     string
	Version                         string    // 64 hex digits, a hash of weights and schema
	Aliases                         []string  // other owner/name pairs and version ids that mean this model
	Document                        []byte    // its OpenAPI document
	Readme                          string    // markdown
	CreatedAt                       time.Time // of the version
	GithubURL, PaperURL, LicenseURL string    // "" is told as null
}

// Path is owner/name.
func (m Model) Path() string { return m.Owner + "/" + m.Name }

// Catalogue lists the models that this server answers for, the default first.
type Catalogue []Model

// ByPath finds a model by "owner/name".
func (c Catalogue) ByPath(path string) (Model, error) {
	for _, m := range c {
		if m.Path() == path || strings.Contains(path, "/") && slices.Contains(m.Aliases, path) {
			return m, nil
		}
	}
	return Model{}, errNotFound()
}

// ByVersion finds a model by what a create body may say in "version": an id,
// "owner/name:id" or "owner/name".
func (c Catalogue) ByVersion(ref string) (Model, error) {
	path, id, both := strings.Cut(ref, ":")
	if !both && !strings.Contains(ref, "/") {
		path, id = "", ref
	}
	for _, m := range c {
		knows := func(name, own string) bool { return name == own || slices.Contains(m.Aliases, name) }
		if (path == "" || knows(path, m.Path())) && (id == "" && !both && path != "" || id != "" && knows(id, m.Version)) {
			return m, nil
		}
	}
	return Model{}, errVersion()
}
