package site

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"easel/views"
)

func TestElsewhere(t *testing.T) {
	s := &Site{Predictions: &kept{}, Shelf: &shelf{}, Model: views.Model{Owner: "easel", Name: "emoji"}}
	e := echo.New()
	s.Register(e)
	fetch := func(address string) *httptest.ResponseRecorder {
		return ask(e, httptest.NewRequest("POST", "/picture", strings.NewReader(address)))
	}
	if w := fetch("https://x.example/a.png"); w.Code != 422 {
		t.Errorf("without a way out: %d", w.Code)
	}
	s.Fetch = func(_ context.Context, address string, limit int64) ([]byte, error) {
		switch {
		case limit <= 0:
			t.Error("no limit")
		case address == "https://x.example/a.png":
			return square(t), nil
		case address == "https://x.example/page":
			return []byte("<!doctype html><script>alert(1)</script>"), nil
		}
		return nil, errors.New("image: the address leads into a private network")
	}
	for address, want := range map[string]struct {
		status int
		body   string
	}{
		" https://x.example/a.png\n": {200, "\x89PNG"},
		"https://x.example/page":     {422, `{"detail":"what stands at the address is not a picture"}`},
		"http://10.0.0.1/":           {422, `{"detail":"image: the address leads into a private network"}`},
	} {
		w := fetch(address)
		if w.Code != want.status || !strings.HasPrefix(w.Body.String(), want.body) {
			t.Errorf("%q: %d %.60q", address, w.Code, w.Body)
		}
		if w.Code == 200 && (w.Header().Get("Content-Type") != "image/png" || w.Header().Get("Content-Security-Policy") != "default-src 'none'; sandbox") {
			t.Errorf("%q: %v", address, w.Header())
		}
	}
}
