package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// maxBody bounds a JSON body. Clients send pictures of up to 10 MB as data
// URIs, a picture and a mask in one body, and base64 adds a third.
const maxBody = 32 << 20

const typeJSON = "application/json; charset=utf-8"

// writeJSON renders to a buffer first, so that an answer is whole or absent.
func writeJSON(c echo.Context, status int, contentType string, v any) error {
	body, err := marshal(v)
	if err != nil {
		return err
	}
	return c.Blob(status, contentType, body)
}

// marshal leaves <, > and & as they are: callers compare bodies byte for byte.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

func answer(c echo.Context, status int, v any) error { return writeJSON(c, status, typeJSON, v) }

// readBody reads a whole JSON body and refuses text that is not UTF-8, which
// Go's decoder would repair in silence.
func readBody(c echo.Context, limit int64) ([]byte, error) {
	r := c.Request()
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, limit))
	if err != nil {
		var tooBig *http.MaxBytesError
		if errors.As(err, &tooBig) {
			return nil, err
		}
		return nil, problem(http.StatusBadRequest, "The request body could not be read: "+err.Error())
	}
	if !utf8.Valid(body) {
		return nil, errJSON(errors.New("invalid UTF-8"))
	}
	return body, nil
}

// decodeOne reads exactly one JSON value.
func decodeOne(body []byte) (json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return nil, errJSON(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errJSON(errors.New("unexpected text after the value"))
	}
	return raw, nil
}
