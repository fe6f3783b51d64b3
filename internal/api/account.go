package api

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"
)

// getAccount serves GET /v1/account.
func (a *API) getAccount(c echo.Context) error {
	return answer(c, http.StatusOK, struct {
		Type     string  `json:"type"`
		Username string  `json:"username"`
		Name     string  `json:"name"`
		GitHub   *string `json:"github_url"`
	}{"user", a.Account, a.Account, nil})
}

// listHardware serves GET /v1/hardware: a bare list, not a page.
func (a *API) listHardware(c echo.Context) error {
	return answer(c, http.StatusOK, []map[string]string{{"sku": "local", "name": a.Hardware()}})
}

type collection struct {
	Name        string      `json:"name"`
	Slug        string      `json:"slug"`
	Description string      `json:"description"`
	Models      []wireModel `json:"models,omitempty"`
}

// here is the only collection: what this server runs.
func here() collection {
	return collection{Name: "Here", Slug: "here", Description: "The models that this server runs."}
}

// listCollections serves GET /v1/collections.
func (a *API) listCollections(c echo.Context) error {
	return answer(c, http.StatusOK, whole([]collection{here()}))
}

// getCollection serves GET /v1/collections/{slug}.
func (a *API) getCollection(c echo.Context) error {
	all := here()
	if c.Param("slug") != all.Slug {
		return errNotFound()
	}
	all.Models = a.searchModels(c, "")
	return answer(c, http.StatusOK, all)
}

// search serves GET /v1/search?query=&limit=.
func (a *API) search(c echo.Context) error {
	models := a.searchModels(c, c.QueryParam("query"))
	if text := c.QueryParam("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 {
			return problem(http.StatusBadRequest, "limit must be a number of 1 or more")
		}
		models = models[:min(limit, len(models))]
	}
	results := make([]object, len(models))
	for i, m := range models {
		results[i] = object{"model": m, "metadata": object{}}
	}
	return answer(c, http.StatusOK, object{
		"query": c.QueryParam("query"), "models": results, "collections": []collection{}, "pages": []string{},
	})
}

// getWebhookSecret serves GET /v1/webhooks/default/secret.
func (a *API) getWebhookSecret(c echo.Context) error {
	return answer(c, http.StatusOK, map[string]string{"key": a.WebhookSecret})
}

// empty serves lists of what there is none of here: deployments and trainings.
func empty(c echo.Context) error { return answer(c, http.StatusOK, whole([]object{})) }

// absent answers for the rest of them.
func absent(echo.Context) error { return errNotFound() }
