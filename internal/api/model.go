package api

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// wireModel and wireVersion are what the catalogue tells of a model.
type wireModel struct {
	URL           string      `json:"url"`
	Owner         string      `json:"owner"`
	Name          string      `json:"name"`
	Description   string      `json:"description"`
	Visibility    string      `json:"visibility"`
	IsOfficial    bool        `json:"is_official"`
	GithubURL     *string     `json:"github_url"`
	PaperURL      *string     `json:"paper_url"`
	LicenseURL    *string     `json:"license_url"`
	RunCount      int         `json:"run_count"`
	CoverImageURL *string     `json:"cover_image_url"`
	Example       any         `json:"default_example"`
	Latest        wireVersion `json:"latest_version"`
}

type wireVersion struct {
	ID         string          `json:"id"`
	CreatedAt  string          `json:"created_at"`
	CogVersion string          `json:"cog_version"`
	OpenAPI    json.RawMessage `json:"openapi_schema"`
}

// cogVersion is what our schema documents follow. Below 0.3.9 clients would
// take a list of outputs for an iterator.
const cogVersion = "0.16.0"

func wireVersionOf(m Model) wireVersion {
	return wireVersion{ID: m.Version, CreatedAt: m.CreatedAt.UTC().Format(micros), CogVersion: cogVersion, OpenAPI: m.Document}
}

func wireModelOf(m Model, base string) wireModel {
	return wireModel{
		URL: base + "/", Owner: m.Owner, Name: m.Name, Description: m.Description, Visibility: "private",
		GithubURL: orNull(m.GithubURL), PaperURL: orNull(m.PaperURL), LicenseURL: orNull(m.LicenseURL),
		Latest: wireVersionOf(m),
	}
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// listModels serves GET /v1/models.
func (a *API) listModels(c echo.Context) error {
	return answer(c, http.StatusOK, whole(a.searchModels(c, "")))
}

// queryModels serves QUERY /v1/models: the body is the search, which the
// JavaScript client sends as a JSON string and the others as it is.
func (a *API) queryModels(c echo.Context) error {
	body, err := io.ReadAll(io.LimitReader(c.Request().Body, 4<<10))
	if err != nil {
		return problem(http.StatusBadRequest, "The request body could not be read: "+err.Error())
	}
	text := string(body)
	var quoted string
	if json.Unmarshal(body, &quoted) == nil {
		text = quoted
	}
	return answer(c, http.StatusOK, whole(a.searchModels(c, text)))
}

// searchModels finds the models that hold every word.
func (a *API) searchModels(c echo.Context, text string) []wireModel {
	found := []wireModel{}
	for _, m := range a.Catalogue {
		about := strings.ToLower(m.Path() + " flux " + m.Description)
		hit := true
		for _, word := range strings.Fields(strings.ToLower(text)) {
			hit = hit && strings.Contains(about, word)
		}
		if hit {
			found = append(found, wireModelOf(m, a.base(c.Request())))
		}
	}
	return found
}

// getModel serves GET /v1/models/{owner}/{name}.
func (a *API) getModel(c echo.Context) error {
	m, err := a.Catalogue.ByPath(modelPath(c))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, wireModelOf(m, a.base(c.Request())))
}

// listVersions serves GET /v1/models/{owner}/{name}/versions: there is one.
func (a *API) listVersions(c echo.Context) error {
	m, err := a.Catalogue.ByPath(modelPath(c))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, whole([]wireVersion{wireVersionOf(m)}))
}

// getVersion serves GET /v1/models/{owner}/{name}/versions/{id}.
func (a *API) getVersion(c echo.Context) error {
	m, err := a.Catalogue.ByVersion(modelPath(c) + ":" + c.Param("id"))
	if err != nil {
		return errNotFound()
	}
	v := wireVersionOf(m)
	v.ID = c.Param("id") // a known id of elsewhere stays the id that was asked for
	return answer(c, http.StatusOK, v)
}

// getReadme serves GET /v1/models/{owner}/{name}/readme.
func (a *API) getReadme(c echo.Context) error {
	m, err := a.Catalogue.ByPath(modelPath(c))
	if err != nil {
		return err
	}
	return c.String(http.StatusOK, m.Readme)
}

// listExamples serves GET /v1/models/{owner}/{name}/examples: none are kept.
func (a *API) listExamples(c echo.Context) error {
	if _, err := a.Catalogue.ByPath(modelPath(c)); err != nil {
		return err
	}
	return answer(c, http.StatusOK, whole([]wirePrediction{}))
}
