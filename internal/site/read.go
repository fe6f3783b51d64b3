package site

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"easel/internal/schema"
	"easel/views"
)

// posted is a form as it came: the text of its fields, to show again, and the
// input it asks for.
type posted struct {
	values views.Values
	input  map[string]any
}

// readForm makes an input of a posted form. Empty fields and those at their
// default are left out: nobody chose them.
func readForm(r *http.Request, fields []schema.Field) (posted, map[string]string) {
	form := posted{values: views.Values{}, input: map[string]any{}}
	problems := map[string]string{}
	for _, f := range fields {
		text := strings.TrimSpace(lastValue(r, f.Name))
		if f.Type == "boolean" && text == "" {
			text = "false"
		}
		form.values[f.Name] = text
		if f.Format == "uri" {
			picture, err := readPicture(r, f.Name)
			if err != nil {
				problems[f.Name] = err.Error()
			} else if picture != "" {
				text = picture
			}
		}
		if text == "" || f.Default != nil && text == fmt.Sprint(f.Default) {
			continue
		}
		form.input[f.Name] = jsonValue(f, text)
	}
	return form, problems
}

// jsonValue is text in the field's type. Text that is no number stays text,
// and the schema says what is wrong with it.
func jsonValue(f schema.Field, text string) any {
	switch f.Type {
	case "boolean":
		return text == "true"
	case "integer", "number":
		if json.Valid([]byte(text)) {
			return json.RawMessage(text)
		}
	}
	return text
}

func lastValue(r *http.Request, name string) string {
	all := r.PostForm[name]
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// readPicture is an uploaded file as a data URI; "" when none was chosen.
func readPicture(r *http.Request, name string) (string, error) {
	if r.MultipartForm == nil {
		return "", nil
	}
	for _, header := range r.MultipartForm.File[name] {
		if header.Size == 0 {
			continue
		}
		content, err := readPart(header)
		if err != nil {
			return "", fmt.Errorf("%s could not be read", header.Filename)
		}
		kind := http.DetectContentType(content)
		if !strings.HasPrefix(kind, "image/") {
			return "", fmt.Errorf("%s is not a picture", header.Filename)
		}
		return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(content), nil
	}
	return "", nil
}

func readPart(header *multipart.FileHeader) ([]byte, error) {
	f, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
