package site

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"easel/internal/picture"
	"easel/internal/schema"
)

// recipe reads out of a picture's file, sent as the body, the inputs that make
// it again: Easel's own, or those that others write, which may also come as
// plain text. No content: it tells none.
func (s *Site) recipe(c echo.Context) error {
	limit := int64(picture.DefaultLimits.Bytes)
	file, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, limit))
	if err != nil {
		return refuse(c, errors.New("the file holds more than 40 MB"))
	}
	if strings.HasPrefix(c.Request().Header.Get(echo.HeaderContentType), echo.MIMETextPlain) {
		r, ok := picture.ReadParameters(string(file))
		if !ok {
			return c.NoContent(http.StatusNoContent)
		}
		return c.JSON(http.StatusOK, map[string]any{"input": recipeInput(r), "model": r.Model})
	}
	r, err := picture.ReadRecipe(file)
	if errors.Is(err, picture.ErrNoRecipe) {
		return c.NoContent(http.StatusNoContent) // most pictures: no error, which a browser would report
	}
	if err != nil {
		return refuse(c, err)
	}
	return c.JSON(http.StatusOK, map[string]any{"input": recipeInput(r), "model": r.Model})
}

// recipeInput is the input that draws this one picture. What a recipe only
// tells apart, such as a picture's checksum, is no input.
func recipeInput(r picture.Recipe) map[string]any {
	var said map[string]any
	input := map[string]any{}
	if json.Unmarshal(r.Input, &said) == nil {
		for name, v := range said {
			f, known := schema.Lookup(name)
			if known && f.Format != "uri" && name != "num_outputs" && v != nil {
				input[name] = v
			}
		}
	}
	if r.Version != "" { // ours names each picture's own seed
		input["seed"] = r.Seed
	}
	return input
}
