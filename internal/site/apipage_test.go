package site

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"easel/views"
)

func TestAPIPage(t *testing.T) {
	s := &Site{Predictions: &kept{}, Shelf: &shelf{}, Model: views.Model{Owner: "easel", Name: "emoji", Examples: []string{"a dragon's tail"}, Card: "---\nlicense: mit\n---\n# Emoji\n\nDraws `emoji`\nand more.\n\n- one\n- two\n"}}
	e := echo.New()
	s.Register(e)
	page := ask(e, httptest.NewRequest("GET", "/api", nil)).Body.String()
	for _, want := range []string{
		`a dragon&#39;\&#39;&#39;s tail`, `<th scope="row">num_outputs</th>`, "1 to 4; default 1", "an old fox", "/thumbs/token/",
		`<h3 class="font-semibold mt-2">Emoji</h3>`, "<code>emoji</code>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "license: mit") {
		t.Error("the card's metadata is shown")
	}
}

func TestHooks(t *testing.T) {
	e := newSite(&kept{})
	made := ask(e, httptest.NewRequest("POST", "/api/hooks", nil))
	address := made.Header().Get("Location")
	if made.Code != http.StatusSeeOther || !strings.HasPrefix(address, "/api/hooks/") {
		t.Fatalf("%d to %q", made.Code, address)
	}
	if page := ask(e, httptest.NewRequest("GET", address, nil)).Body.String(); !strings.Contains(page, "Nothing has arrived yet") {
		t.Error("an empty sink does not say so")
	}
	for range mostArrivals + 5 {
		r := httptest.NewRequest("POST", address, strings.NewReader(`{"status":"succeeded","input":{"prompt":"<script>"}}`))
		r.Header.Set("Webhook-Signature", "v1,abc")
		if w := ask(e, r); w.Code != http.StatusNoContent {
			t.Fatalf("a webhook: %d", w.Code)
		}
	}
	page := ask(e, httptest.NewRequest("GET", address, nil)).Body.String()
	if got := strings.Count(page, "status succeeded <span"); got != mostArrivals {
		t.Errorf("%d arrivals, want %d", got, mostArrivals)
	}
	if !strings.Contains(page, "v1,abc") || strings.Contains(page, "<script>\"") {
		t.Error("the signature is missing, or the body is not escaped")
	}
	for _, method := range []string{"GET", "POST"} {
		if w := ask(e, httptest.NewRequest(method, "/api/hooks/unknown", nil)); w.Code != http.StatusNotFound {
			t.Errorf("%s of an unknown address: %d", method, w.Code)
		}
	}
}

func TestDeepBodyIsShownAsItCame(t *testing.T) {
	body := `{"status":"succeeded","deep":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + "}"
	if a := arrival(http.Header{}, []byte(body)); a.Body != body || a.Event != "status succeeded" {
		t.Errorf("%s with %d bytes of %d", a.Event, len(a.Body), len(body))
	}
}

// A server's own test addresses are reached without a call, others as before.
func TestOwnHooksAreHandedOver(t *testing.T) {
	s := &Site{Predictions: &kept{}}
	e := echo.New()
	s.Register(e)
	path := ask(e, httptest.NewRequest("POST", "/api/hooks", nil)).Header().Get("Location")
	var called []string
	outside := doer(func(r *http.Request) (*http.Response, error) {
		called = append(called, r.URL.String())
		return &http.Response{StatusCode: http.StatusTeapot, Body: http.NoBody}, nil
	})
	refuse := func(address string) error { return errors.New("private") }
	for address, own := range map[string]bool{
		"http://127.0.0.1:3000" + path: true, "http://localhost" + path: true,
		"http://127.0.0.1:3000/api/hooks/unknown": false, "http://example.com/hook": false, "http://example.com/x" + path: false,
	} {
		called = nil
		r := httptest.NewRequest("POST", address, strings.NewReader(`{"status":"starting"}`))
		answer, err := s.Deliver(outside).Do(r)
		if err != nil || (answer.StatusCode == http.StatusNoContent) != own || (len(called) == 0) != own {
			t.Errorf("%s: own %v, but %v %v, called %v", address, own, answer, err, called)
		}
		if err := s.CheckWebhook(refuse)(address); (err == nil) != own {
			t.Errorf("check %s: %v", address, err)
		}
	}
	if page := ask(e, httptest.NewRequest("GET", path, nil)).Body.String(); strings.Count(page, "status starting <span") != 2 {
		t.Error("not all that was handed over is shown")
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

func TestExamplesAreDrawn(t *testing.T) {
	k := &kept{}
	s := &Site{Predictions: k, Shelf: &shelf{}, Model: views.Model{Owner: "easel", Name: "emoji", Examples: []string{"a fox", "a cat"}}}
	e := echo.New()
	s.Register(e)
	w := ask(e, httptest.NewRequest("POST", "/api/examples", nil))
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/api#examples" {
		t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
	}
	var got []string
	for _, n := range k.created {
		got = append(got, string(n.Input))
	}
	if diff := cmp.Diff([]string{`{"prompt":"a fox"}`, `{"prompt":"a cat"}`}, got); diff != "" {
		t.Errorf("drawn (-want +got):\n%s", diff)
	}
}
