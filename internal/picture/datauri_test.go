package picture

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

func TestDecodeDataURI(t *testing.T) {
	file := read(t, "plain.png")
	std := base64.StdEncoding.EncodeToString(file)
	for name, uri := range map[string]string{
		"standard":       "data:image/png;base64," + std,
		"upper case":     "DATA:IMAGE/PNG;BASE64," + std,
		"no type":        "data:;base64," + std,
		"no base64 mark": "data:application/octet-stream," + std,
		"nothing":        "data:," + std,
		"charset":        "data:image/png;charset=utf-8;base64," + std,
		"wrong type":     "data:text/plain;base64," + std,
		"url alphabet":   "data:image/png;base64," + base64.URLEncoding.EncodeToString(file),
		"no padding":     "data:image/png;base64," + base64.RawStdEncoding.EncodeToString(file),
		"line breaks":    "data:image/png;base64," + std[:76] + "\r\n" + std[76:],
		"escaped base64": "data:image/png;base64," + url.QueryEscape(std),
		"escaped bytes":  "data:image/png," + url.PathEscape(string(file)),
	} {
		got, err := DecodeDataURI(uri, 1<<20)
		if err != nil || !bytes.Equal(got, file) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestDecodeDataURIRefuses(t *testing.T) {
	big := base64.StdEncoding.EncodeToString(make([]byte, 1000))
	for uri, want := range map[string]string{
		"data:image/png;base64,@@@":   "base64",
		"data:image/png;base64":       "comma",
		"data:image/png;base64,%zz":   "escaped",
		"http://example.com/":         "not a data URI",
		"data:;base64," + big:         "limit",
		"data:;base64," + big[:134*4]: "limit",
	} {
		if _, err := DecodeDataURI(uri, 400); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", uri, err, want)
		}
	}
	if got, err := DecodeDataURI("data:;base64,"+base64.StdEncoding.EncodeToString(make([]byte, 400)), 400); err != nil || len(got) != 400 {
		t.Errorf("at the limit: %d, %v", len(got), err)
	}
}

func FuzzDecodeDataURI(f *testing.F) {
	f.Add("data:image/png;base64,iVBORw0KGgo=")
	f.Add("data:,%89PNG")
	f.Fuzz(func(t *testing.T, uri string) {
		if data, err := DecodeDataURI(uri, 1000); err == nil && len(data) > 1000 {
			t.Errorf("%d bytes", len(data))
		}
	})
}
