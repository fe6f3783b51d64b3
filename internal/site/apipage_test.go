package site

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"easel/views"
)

func TestAPIPage(t *testing.T) {
	s := &Site{Predictions: &kept{}, Model: views.Model{Owner: "easel", Name: "emoji", Examples: []string{"a dragon's tail"}, Card: "---\nlicense: mit\n---\n# Emoji\n\nDraws `emoji`\nand more.\n\n- one\n- two\n"}}
	e := echo.New()
	s.Register(e)
	page := ask(e, httptest.NewRequest("GET", "/api", nil)).Body.String()
	for _, want := range []string{
		`a dragon&#39;\&#39;&#39;s tail`, `<th scope="row">num_outputs</th>`, "1 to 4; default 1", "an old fox", "/files/token/out-0.webp",
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
