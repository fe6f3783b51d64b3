package site

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/picture"
	"easel/internal/prediction"
	"easel/internal/prediction/inputfile"
	"easel/internal/share"
	"easel/views"
)

// inputSide is how large the pictures that a run started from are shown.
const inputSide = picture.MaxSide

// sharedFile serves what a share shows, and nothing else: 0.webp and so on are
// the pictures, preview.jpg is the first one made small, image and mask are
// what it started from.
func (s *Site) sharedFile(c echo.Context) error {
	ctx, name := c.Request().Context(), c.Param("file")
	sh, p, err := s.shared(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	var file []byte
	switch name {
	case "preview.jpg":
		file, err = s.shrunk.of(ctx, s.Files, p.Output[0], teaserSide)
	case "image", "mask":
		file, err = s.sharedInput(ctx, sh, p, name)
	default:
		file, err = s.sharedOutput(ctx, sh, p, name)
	}
	if err != nil {
		return err
	}
	return sendShared(c, http.DetectContentType(file), file)
}

// sharedInput is drawn anew from the pixels: a photograph's file may tell where
// it was taken, and by whom.
func (s *Site) sharedInput(ctx context.Context, sh share.Share, p prediction.Prediction, name string) ([]byte, error) {
	ref, held := inputfile.Parse(views.FromInput(p.Input)[name])
	if sh.Hides(name) || !held {
		return nil, prediction.ErrNotFound
	}
	return s.shrunk.of(ctx, s.Files, ref.Token, inputSide)
}

// sharedName is how a picture is called under a share: its number and kind.
func sharedName(i int, name string) string { return strconv.Itoa(i) + path.Ext(name) }

// sharedOutput is a picture's file without what the share hides.
func (s *Site) sharedOutput(ctx context.Context, sh share.Share, p prediction.Prediction, name string) ([]byte, error) {
	number, _, _ := strings.Cut(name, ".")
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(p.Output) || strconv.Itoa(i) != number {
		return nil, prediction.ErrNotFound
	}
	file, err := readFile(ctx, s.Files, p.Output[i])
	if err != nil {
		return nil, err
	}
	return rewrap(file, sh)
}

// rewrap leaves of what is written in a file only the recipe, and of that only
// what the share shows, without what it was computed on. The pixels stay as they are.
func rewrap(file []byte, sh share.Share) ([]byte, error) {
	bare, err := picture.Strip(file)
	if err != nil {
		return nil, fmt.Errorf("rewrap: %w", err)
	}
	recipe, err := picture.ReadRecipe(file)
	if err != nil { // none, or a damaged one
		return bare, nil
	}
	var input map[string]json.RawMessage
	if err := json.Unmarshal(recipe.Input, &input); err != nil {
		return bare, nil
	}
	for name := range input {
		if sh.Hides(name) {
			delete(input, name)
		}
	}
	recipe.Runtime, recipe.Device = "", "" // of this machine; a replay reads them from the stored file
	if recipe.Input, err = json.Marshal(input); err != nil {
		return nil, fmt.Errorf("rewrap: %w", err)
	}
	out, err := picture.Embed(bare, recipe)
	if err != nil {
		return nil, fmt.Errorf("rewrap: %w", err)
	}
	return out, nil
}

// sendShared sends a file that may be taken back at any time: a browser asks
// again before it shows what it kept.
func sendShared(c echo.Context, contentType string, file []byte) error {
	if !strings.HasPrefix(contentType, "image/") {
		return errors.New("shared file is not a picture")
	}
	h := c.Response().Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // chats and forums show it
	h.Set("Cache-Control", "private, no-cache")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(file)))
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(file))
	return nil
}
