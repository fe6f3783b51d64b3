package api

import (
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
)

// getOutput serves GET and HEAD /files/{token}/{name}. The token is the whole
// permission: clients fetch outputs without a login. A file never changes, so
// it may be kept for ever.
func (a *API) getOutput(c echo.Context) error {
	f, r, err := a.Service.Files().Open(c.Request().Context(), c.Param("token"))
	if errors.Is(err, prediction.ErrNotFound) {
		return errNoFile()
	} else if err != nil {
		return err
	}
	defer r.Close()
	h := c.Response().Header()
	fileHeaders(h, f)
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	http.ServeContent(c.Response(), c.Request(), "", f.CreatedAt, r)
	return nil
}

// fileHeaders says what a file is. Its bytes came from a caller or from a
// model: a browser must neither guess at them nor run them as a page of ours.
func fileHeaders(h http.Header, f prediction.File) {
	h.Set("Content-Type", f.ContentType)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Referrer-Policy", "no-referrer")
	if f.SHA256 != "" {
		h.Set("ETag", `"`+f.SHA256+`"`)
	}
	disposition := "attachment"
	if strings.HasPrefix(f.ContentType, "image/") && !strings.Contains(f.ContentType, "svg") {
		disposition = "inline"
	}
	if value := mime.FormatMediaType(disposition, map[string]string{"filename": f.Name}); value != "" {
		disposition = value
	}
	h.Set("Content-Disposition", disposition)
}
