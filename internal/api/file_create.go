package api

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
)

const (
	maxUpload   = 100 << 20 // of the content
	maxPart     = 64 << 10  // of each other part
	maxParts    = 64
	uploadLives = 24 * time.Hour
)

// upload is what the parts of a POST /v1/files say beside the content.
type upload struct {
	file     prediction.File
	stored   bool
	filename string // PY2 sends both as fields of their own
	kind     string
}

// createFile serves POST /v1/files. Clients lay the parts out in five ways;
// the content goes to the store as it comes, never whole through memory.
func (a *API) createFile(c echo.Context) error {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxUpload+maxParts*maxPart)
	parts, err := r.MultipartReader()
	if err != nil {
		return problem(http.StatusBadRequest, "The request body must be multipart/form-data with a part named content.")
	}
	u := upload{file: prediction.File{ExpiresAt: time.Now().UTC().Add(uploadLives), Metadata: map[string]string{}}}
	if err := a.readParts(c, parts, &u); err != nil {
		if u.stored {
			_ = a.Service.Files().Delete(r.Context(), u.file.Token) // else it lives out its day
		}
		return err
	}
	if !u.stored {
		return problem(http.StatusBadRequest, "Missing content: the form has no part named content.")
	}
	c.Response().Header().Set(echo.HeaderLocation, a.base(r)+"/v1/files/"+u.file.Token)
	return answer(c, http.StatusCreated, wireFileOf(u.file, a.base(r)))
}

func (a *API) readParts(c echo.Context, parts *multipart.Reader, u *upload) error {
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return badForm(err)
		}
		if n == maxParts {
			return problem(http.StatusBadRequest, fmt.Sprintf("The form must have at most %d parts.", maxParts))
		}
		if part.FormName() == "content" && !u.stored {
			err = a.storeContent(c, part, u)
		} else {
			err = u.readField(part)
		}
		if err != nil {
			return err
		}
	}
}

// storeContent streams the file into the store. Its name and type are those
// of the part, unless earlier fields told them.
func (a *API) storeContent(c echo.Context, part *multipart.Part, u *upload) error {
	content := bufio.NewReader(part)
	u.file.Name = first(u.filename, part.FileName(), "upload")
	u.file.ContentType = first(u.kind, mediaType(part.Header.Get("Content-Type")))
	if head, _ := content.Peek(512); u.file.ContentType == "" {
		u.file.ContentType = mediaType(http.DetectContentType(head))
	}
	limit := &limitReader{r: content, left: maxUpload}
	f, err := a.Service.Files().Put(c.Request().Context(), u.file, limit)
	var tooBig *http.MaxBytesError
	switch {
	case limit.over, errors.As(err, &tooBig):
		return &Problem{Status: http.StatusRequestEntityTooLarge, Detail: "Files must be less than 100MB in size", bare: true}
	case limit.failed != nil:
		return badForm(limit.failed)
	case err != nil:
		return fmt.Errorf("store an upload: %w", err)
	}
	u.file, u.stored = f, true
	return nil
}

// readField takes "metadata" as one JSON object, in a field or in a file part,
// and "metadata[key]", "filename" and "type" as fields.
func (u *upload) readField(part *multipart.Part) error {
	text, err := io.ReadAll(io.LimitReader(part, maxPart+1))
	if err != nil {
		return badForm(err)
	}
	if len(text) > maxPart {
		return problem(http.StatusBadRequest, fmt.Sprintf("The part %s must hold at most %d bytes.", part.FormName(), maxPart))
	}
	switch name := part.FormName(); {
	case name == "metadata":
		var values map[string]any
		if err := json.Unmarshal(text, &values); err != nil {
			return problem(http.StatusBadRequest, "metadata must be a JSON object: "+err.Error())
		}
		for key, v := range values {
			u.file.Metadata[key] = plain(v)
		}
	case strings.HasPrefix(name, "metadata[") && strings.HasSuffix(name, "]"):
		u.file.Metadata[name[len("metadata["):len(name)-1]] = string(text)
	case name == "filename":
		u.filename = string(text)
	case name == "type":
		u.kind = mediaType(string(text))
	}
	return nil
}

// plain is a metadata value as a string: strict clients read nothing else.
func plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, _ := marshal(v) // it came from JSON
	return string(text)
}

func mediaType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil {
		return ""
	}
	return t
}

func first(options ...string) string {
	for _, s := range options {
		if s != "" {
			return s
		}
	}
	return ""
}

func badForm(err error) error {
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		return err
	}
	return problem(http.StatusBadRequest, "The form could not be read: "+err.Error())
}

// limitReader fails beyond a number of bytes, where io.LimitReader would cut,
// and remembers why reading failed, which the store's own errors may hide.
type limitReader struct {
	r      io.Reader
	left   int64
	over   bool
	failed error
}

func (l *limitReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		l.over, err = true, errors.New("the file is too large")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		l.failed = err
	}
	return n, err
}
