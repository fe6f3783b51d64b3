package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
)

const (
	maxUpload   = 100 << 20 // of the content
	maxFields   = 1 << 20   // of the rest of the form
	uploadLives = 24 * time.Hour
)

// createFile serves POST /v1/files. Clients lay the form out in five ways and
// in any order, so all of it is read, the content to disk, before any is kept.
func (a *API) createFile(c echo.Context) error {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxUpload+maxFields)
	if err := r.ParseMultipartForm(maxFields); err != nil {
		var tooBig *http.MaxBytesError
		if errors.As(err, &tooBig) {
			return errBigFile()
		}
		if errors.Is(err, syscall.ENOSPC) {
			return err
		}
		return problem(http.StatusBadRequest, "The request body must be multipart/form-data with a part named content: "+err.Error())
	}
	defer r.MultipartForm.RemoveAll()
	parts := r.MultipartForm.File["content"]
	if len(parts) == 0 {
		return problem(http.StatusBadRequest, "Missing content: the form has no file named content.")
	}
	if parts[0].Size > maxUpload {
		return errBigFile()
	}
	f, err := describe(r.MultipartForm, parts[0])
	if err != nil {
		return err
	}
	content, err := parts[0].Open()
	if err != nil {
		return fmt.Errorf("open an upload: %w", err)
	}
	defer content.Close()
	if f.ContentType == "" {
		head := make([]byte, 512)
		n, _ := content.ReadAt(head, 0) // short where the file is
		f.ContentType = mediaType(http.DetectContentType(head[:n]))
	}
	if f, err = a.Service.Files().Put(r.Context(), f, content); err != nil {
		return fmt.Errorf("store an upload: %w", err)
	}
	c.Response().Header().Set(echo.HeaderLocation, a.base(r)+"/v1/files/"+f.Token)
	return answer(c, http.StatusCreated, wireFileOf(f, a.base(r)))
}

func errBigFile() *Problem {
	return &Problem{Status: http.StatusRequestEntityTooLarge, Detail: "Files must be less than 100MB in size", bare: true}
}

// describe gathers what a form says of its content. The fields "filename" and
// "type" go before the part's own.
func describe(form *multipart.Form, content *multipart.FileHeader) (prediction.File, error) {
	field := func(name string) string { return strings.Join(form.Value[name], "") }
	f := prediction.File{
		Name:        first(field("filename"), content.Filename, "upload"),
		ContentType: first(mediaType(field("type")), mediaType(content.Header.Get("Content-Type"))),
		ExpiresAt:   time.Now().UTC().Add(uploadLives),
		Metadata:    map[string]string{},
	}
	text, err := metadata(form)
	if err != nil {
		return f, err
	}
	if text != "" {
		var values map[string]any
		if err := json.Unmarshal([]byte(text), &values); err != nil {
			return f, problem(http.StatusBadRequest, "metadata must be a JSON object: "+err.Error())
		}
		for key, v := range values {
			f.Metadata[key] = plain(v)
		}
	}
	for name, values := range form.Value {
		if key, ok := strings.CutPrefix(name, "metadata["); ok && strings.HasSuffix(key, "]") {
			f.Metadata[strings.TrimSuffix(key, "]")] = strings.Join(values, "")
		}
	}
	return f, nil
}

// metadata is the JSON of that name, which comes as a field or as a file.
func metadata(form *multipart.Form) (string, error) {
	files := form.File["metadata"]
	if len(files) == 0 {
		return strings.Join(form.Value["metadata"], ""), nil
	}
	file, err := files[0].Open()
	if err != nil {
		return "", fmt.Errorf("open metadata: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFields))
	return string(text), err
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
