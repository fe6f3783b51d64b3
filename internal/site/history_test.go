package site

import (
	"bytes"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"easel/internal/share"
)

func TestStars(t *testing.T) {
	_, sh, _, e := gallery(t)
	if w := post(e, "/history", url.Values{"star": {"done"}, "back": {"/history?q=fox"}}); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/history?q=fox" {
		t.Errorf("%d to %s", w.Code, w.Header().Get("Location"))
	}
	page := get(e, "/history?starred=1").Body.String()
	if !strings.Contains(page, secretPrompt) || strings.Contains(page, "an old fox") || !strings.Contains(page, `name="unstar" value="done" aria-pressed="true"`) {
		t.Error("the starred one does not stand alone, with its star on")
	}
	for query, want := range map[string]bool{"q=ADA+party": true, "q=eve": false, "status=succeeded": true, "status=failed": false, "source=api": false} {
		if got := strings.Contains(get(e, "/history?starred=1&"+query).Body.String(), secretPrompt); got != want {
			t.Errorf("starred and %s: %v, want %v", query, got, want)
		}
	}
	post(e, "/history", url.Values{"unstar": {"done"}})
	if len(sh.marks[share.Star]) != 0 {
		t.Error("the star stays")
	}
}

func TestDeleteCanBeTakenBack(t *testing.T) {
	_, sh, k, e := gallery(t)
	k.known["a"] = k.known["other"] // the listed one
	post(e, "/history", url.Values{"do": {"delete"}, "id": {"a", "done"}})
	page := get(e, "/history").Body.String()
	if strings.Contains(page, "an old fox") || !strings.Contains(page, "2 predictions are deleted for good in") {
		t.Error("what is deleted still shows, or there is no undo")
	}
	if strings.Contains(get(e, "/compare?a=other").Body.String(), "an old fox") {
		t.Error("what is deleted is offered for comparing")
	}
	w := post(e, "/history", url.Values{"do": {"restore"}, "id": {"a"}, "back": {"//evil.example/history"}})
	if w.Header().Get("Location") != "/history" {
		t.Errorf("led to %s", w.Header().Get("Location"))
	}
	if page := get(e, "/history").Body.String(); !strings.Contains(page, "an old fox") || len(sh.marks[share.Binned]) != 1 {
		t.Error("what was taken back does not show")
	}
	if !strings.Contains(get(e, "/compare?a=other").Body.String(), "an old fox") {
		t.Error("what was taken back is not offered for comparing")
	}
	if w := post(e, "/history", url.Values{"do": {"restore"}, "id": {"a"}}); w.Code != http.StatusGone {
		t.Errorf("taken back too late: %d", w.Code)
	}
}

func TestHistoryRefuses(t *testing.T) {
	_, sh, _, e := gallery(t)
	for name, test := range map[string]struct {
		form   url.Values
		status int
	}{
		"nothing selected": {url.Values{"do": {"delete"}}, http.StatusUnprocessableEntity},
		"an unknown one":   {url.Values{"do": {"delete"}, "id": {"../x"}}, http.StatusGone},
		"an unknown deed":  {url.Values{"do": {"burn"}, "id": {"done"}}, http.StatusBadRequest},
	} {
		if w := post(e, "/history", test.form); w.Code != test.status {
			t.Errorf("%s: %d, want %d", name, w.Code, test.status)
		}
	}
	if len(sh.marks[share.Binned]) != 0 {
		t.Error("something was deleted")
	}
	r := httptest.NewRequest(http.MethodPost, "/history", strings.NewReader("star=done"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	if w := ask(e, r); w.Code != http.StatusNoContent {
		t.Errorf("the script hears %d", w.Code)
	}
}

func TestThumbnails(t *testing.T) {
	s, _, _, e := gallery(t)
	w := get(e, "/thumbs/out/small.jpg")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/jpeg" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	img, err := jpeg.Decode(bytes.NewReader(w.Body.Bytes()))
	if err != nil || img.Bounds().Dx() != 32 {
		t.Errorf("%v, %v", img.Bounds(), err)
	}
	if bytes.Contains(w.Body.Bytes(), []byte("Ada")) {
		t.Error("the recipe is in the thumbnail")
	}
	delete(s.Files.(held), "out")
	if again := get(e, "/thumbs/out/small.jpg"); again.Code != http.StatusOK {
		t.Errorf("made anew: %d", again.Code)
	}
	s.Files.(held)["text"] = []byte("no picture")
	for _, token := range []string{"unknown", "text"} {
		if w := get(e, "/thumbs/"+token+"/small.jpg"); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", token, w.Code)
		}
	}
}

func TestShrinkerForgets(t *testing.T) {
	s := newShrinker()
	for i := range 40 {
		s.put(shrunk{shrunkKey{token: string(rune('a' + i))}, make([]byte, 1<<20)})
	}
	if s.bytes > maxShrunk || s.get(shrunkKey{token: "a"}) != nil || s.order.Len() != len(s.known) {
		t.Errorf("%d bytes, %d and %d kept", s.bytes, s.order.Len(), len(s.known))
	}
}
