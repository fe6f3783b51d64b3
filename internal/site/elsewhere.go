package site

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"easel/internal/picture"
)

// Fetch reads what stands at an address that a caller gave, at most limit bytes.
type Fetch func(ctx context.Context, address string, limit int64) ([]byte, error)

// maxAddress bounds what is read of a request for a picture.
const maxAddress = 8 << 10

// elsewhere answers with the picture at the address that the body holds: a page
// loads nothing from other hosts by itself, and a mask is painted on what the
// run will be given. It is a POST, so that no other site can have it fetch.
func (s *Site) elsewhere(c echo.Context) error {
	address, err := io.ReadAll(io.LimitReader(c.Request().Body, maxAddress))
	if err != nil {
		return err
	}
	if s.Fetch == nil {
		return refuse(c, errors.New("this server fetches nothing from other hosts"))
	}
	file, err := s.Fetch(c.Request().Context(), strings.TrimSpace(string(address)), int64(picture.DefaultLimits.Bytes))
	if err != nil {
		return refuse(c, err)
	}
	kind := http.DetectContentType(file)
	if !strings.HasPrefix(kind, "image/") {
		return refuse(c, errors.New("what stands at the address is not a picture"))
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "no-store")
	return c.Blob(http.StatusOK, kind, file)
}
