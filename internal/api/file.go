package api

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
)

// wireFile is an uploaded file as callers read it.
type wireFile struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	ContentType string            `json:"content_type"`
	Size        int64             `json:"size"`
	ETag        string            `json:"etag"`
	Checksums   map[string]string `json:"checksums"`
	Metadata    map[string]string `json:"metadata"`
	CreatedAt   string            `json:"created_at"`
	ExpiresAt   string            `json:"expires_at"`
	URLs        map[string]string `json:"urls"`
}

func wireFileOf(f prediction.File, base string) wireFile {
	w := wireFile{
		ID: f.Token, Name: f.Name, ContentType: f.ContentType, Size: f.Size, ETag: f.MD5,
		Checksums: map[string]string{"sha256": f.SHA256, "md5": f.MD5}, Metadata: f.Metadata,
		CreatedAt: f.CreatedAt.UTC().Format(millis), ExpiresAt: f.ExpiresAt.UTC().Format(millis),
		URLs: map[string]string{"get": base + "/v1/files/" + f.Token},
	}
	if w.Metadata == nil {
		w.Metadata = map[string]string{}
	}
	return w
}

// uploaded finds a file that a caller uploaded. Outputs and inputs of
// predictions are kept in the same store, but are no one's uploads.
func (a *API) uploaded(c echo.Context) (prediction.File, error) {
	f, err := a.Service.Files().Stat(c.Request().Context(), c.Param("id"))
	if errors.Is(err, prediction.ErrNotFound) || err == nil && f.ExpiresAt.IsZero() {
		return f, errNoFile()
	}
	return f, err
}

// getFile serves GET /v1/files/{id}, and a prediction's stream, whose address
// has this form too (see urls.go).
func (a *API) getFile(c echo.Context) error {
	if id, token, ok := parseStream(c.Param("id")); ok {
		return a.stream(c, id, token)
	}
	f, err := a.uploaded(c)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, wireFileOf(f, a.base(c.Request())))
}

// listFiles serves GET /v1/files.
func (a *API) listFiles(c echo.Context) error {
	files, err := a.Service.Files().List(c.Request().Context())
	if err != nil {
		return err
	}
	items := make([]wireFile, len(files))
	for i, f := range files {
		items[i] = wireFileOf(f, a.base(c.Request()))
	}
	return answer(c, http.StatusOK, whole(items))
}

// deleteFile serves DELETE /v1/files/{id}. Clients take exactly 204 for done.
func (a *API) deleteFile(c echo.Context) error {
	f, err := a.uploaded(c)
	if err != nil {
		return err
	}
	if err := a.Service.Files().Delete(c.Request().Context(), f.Token); err != nil && !errors.Is(err, prediction.ErrNotFound) {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
