package site

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/static"
	"easel/views"
)

// kept is a service that remembers what it was asked for.
type kept struct {
	created []prediction.New
	known   map[string]prediction.Prediction
}

func (k *kept) Create(_ context.Context, n prediction.New) (prediction.Prediction, error) {
	k.created = append(k.created, n)
	return prediction.Prediction{ID: "new", Status: prediction.Starting, Input: n.Input}, nil
}

func (k *kept) Get(_ context.Context, id string) (prediction.Prediction, error) {
	p, ok := k.known[id]
	if !ok {
		return p, prediction.ErrNotFound
	}
	return p, nil
}

func (k *kept) List(context.Context, prediction.Query) (prediction.Page, error) {
	return prediction.Page{Next: "more", Results: []prediction.Prediction{{ID: "a", Input: json.RawMessage(`{"prompt":"an old fox"}`), Status: prediction.Succeeded, Output: []string{"token"}}}}, nil
}

func (k *kept) Cancel(ctx context.Context, id string) (prediction.Prediction, error) {
	p, err := k.Get(ctx, id)
	p.Status = prediction.Canceled
	return p, err
}

func newSite(k *kept) *echo.Echo {
	s := &Site{Predictions: k, Shelf: &shelf{}, Model: views.Model{Owner: "easel", Name: "emoji", Version: "v"}, Dev: true}
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) { s.ErrorPage(c, http.StatusNotFound, err.Error()) }
	s.Register(e)
	return e
}

func ask(e *echo.Echo, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

func form(fields map[string]string, files map[string]string) *http.Request {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, v := range fields {
		m.WriteField(name, v)
	}
	for name, content := range files {
		f, _ := m.CreateFormFile(name, name+".png")
		f.Write([]byte(content))
	}
	m.Close()
	r := httptest.NewRequest(http.MethodPost, "/", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return r
}

func TestPost(t *testing.T) {
	k := &kept{}
	w := ask(newSite(k), form(map[string]string{
		"prompt": "a fox", "aspect_ratio": "1:1", "num_outputs": "2", "guidance_scale": "3.5", "seed": "", "go_fast": "true", "lora_scale": "1",
	}, map[string]string{"image": ""}))
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/p/new" {
		t.Fatalf("%d to %q: %s", w.Code, w.Header().Get("Location"), w.Body)
	}
	got := k.created[0]
	if got.Source != "web" || got.Model != "easel/emoji" {
		t.Errorf("created %+v", got)
	}
	want := `{"go_fast":true,"guidance_scale":3.5,"num_outputs":2,"prompt":"a fox"}`
	if diff := cmp.Diff(want, string(got.Input)); diff != "" {
		t.Errorf("only what was chosen is sent (-want +got):\n%s", diff)
	}
}

func TestPostSaysWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		fields, files map[string]string
		want          string
	}{
		"prompt":         {map[string]string{"prompt": ""}, nil, `id="error-prompt" data-error>prompt is required`},
		"range":          {map[string]string{"prompt": "p", "num_inference_steps": "99"}, nil, `id="error-num_inference_steps" data-error>Must be less than or equal to 50`},
		"type":           {map[string]string{"prompt": "p", "seed": "abc"}, nil, `id="error-seed" data-error>Invalid type. Expected: integer, given: string`},
		"not a picture":  {map[string]string{"prompt": "p"}, map[string]string{"image": "plain text"}, `id="error-image" data-error>image.png is not a picture`},
		"mask alone":     {map[string]string{"prompt": "p", "mask": "https://example.com/m.png"}, nil, `id="error-image" data-error>image is required when mask is given`},
		"kept as posted": {map[string]string{"prompt": "keep me", "seed": "abc"}, nil, "keep me</textarea>"},
	} {
		k := &kept{}
		w := ask(newSite(k), form(test.fields, test.files))
		if w.Code != http.StatusUnprocessableEntity || len(k.created) > 0 {
			t.Errorf("%s: %d", name, w.Code)
		}
		if !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s: the page lacks %s", name, test.want)
		}
	}
}

func TestPages(t *testing.T) {
	k := &kept{known: map[string]prediction.Prediction{
		"run":  {ID: "run", Status: prediction.Processing, Input: json.RawMessage(`{"prompt":"a running fox"}`)},
		"done": {ID: "done", Status: prediction.Succeeded, Output: []string{"token"}, Input: json.RawMessage(`{"prompt":"a done fox","seed":9007199254740991,"image":"easel-file:tok;data:image/png;base64,"}`)},
	}}
	e := newSite(k)
	for _, test := range []struct {
		path   string
		status int
		want   string
	}{
		{"/", 200, `name="prompt"`},
		{"/?prompt=a+blue+fox", 200, "a blue fox</textarea>"},
		{"/?p=done", 200, "a done fox</textarea>"},
		{"/?p=gone", 302, ""},
		{"/p/run", 200, `http-equiv="refresh"`},
		{"/p/done", 200, `/files/token/out-0.webp`},
		{"/p/done", 200, "9007199254740991"},
		{"/p/done", 200, "http://example.com/files/tok/image"},
		{"/p/gone", 404, "Not found"},
		{"/history", 200, "an old fox"},
		{"/history", 200, "cursor=more"},
		{"/compare?a=done&b=run", 200, `<tr class="table-differs"><th scope="row">prompt <span class="sr-only">differs</span></th>`},
		{"/compare?a=done", 200, "/compare?a=done&amp;b=a"},
		{"/compare?a=gone", 404, "Not found"},
		{"/compare", 302, ""},
		{"/styleguide", 200, "Style guide"},
		{"/nowhere", 404, "Not found"},
		{static.URL("app.css"), 200, "--accent"},
	} {
		w := ask(e, httptest.NewRequest(http.MethodGet, test.path, nil))
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("GET %s: %d, want %d with %q", test.path, w.Code, test.status, test.want)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self';") || strings.Contains(csp, "unsafe") {
			t.Errorf("GET %s: policy %q", test.path, csp)
		}
	}
}

func TestPagesArePackedForWhoTakesIt(t *testing.T) {
	e := newSite(&kept{})
	plain := ask(e, httptest.NewRequest(http.MethodGet, "/api", nil)).Body.String()
	r := httptest.NewRequest(http.MethodGet, "/api", nil)
	r.Header.Set("Accept-Encoding", "br, gzip")
	w := ask(e, r)
	unpacked, err := gzip.NewReader(w.Body)
	if err != nil || w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Vary") != "Accept-Encoding" {
		t.Fatalf("%d %v %v", w.Code, w.Header(), err)
	}
	got, err := io.ReadAll(unpacked)
	if diff := cmp.Diff(plain, string(got)); err != nil || diff != "" {
		t.Errorf("%v (-plain +unpacked):\n%s", err, diff)
	}
}

func TestCancel(t *testing.T) {
	e := newSite(&kept{known: map[string]prediction.Prediction{"run": {ID: "run"}}})
	if w := ask(e, httptest.NewRequest(http.MethodPost, "/p/run/cancel", nil)); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/p/run" {
		t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
	}
	if w := ask(e, httptest.NewRequest(http.MethodPost, "/p/gone/cancel", nil)); w.Code != http.StatusNotFound {
		t.Errorf("an unknown prediction: %d", w.Code)
	}
}

func TestThemeComesFromTheCookie(t *testing.T) {
	for value, want := range map[string]bool{"dark": true, "light": true, `"><script>`: false} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: "theme", Value: value})
		if got := strings.Contains(ask(newSite(&kept{}), r).Body.String(), "data-theme="); got != want {
			t.Errorf("cookie %q: theme set %v, want %v", value, got, want)
		}
	}
}

// gate is an Access with one token.
type gate struct{}

func (gate) Login(c echo.Context, token string) error {
	if token != "right" {
		return errors.New("no")
	}
	c.SetCookie(&http.Cookie{Name: "in", Value: "yes"})
	return nil
}

func (gate) Known(r *http.Request) bool {
	_, err := r.Cookie("in")
	return err == nil
}

func (gate) Logout(c echo.Context) { c.SetCookie(&http.Cookie{Name: "in", MaxAge: -1}) }

func TestLogin(t *testing.T) {
	e := echo.New()
	(&Site{Predictions: &kept{}, Access: gate{}}).Register(e)
	post := func(path, token, next string) *httptest.ResponseRecorder {
		body := url.Values{"token": {token}, "next": {next}}.Encode()
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return ask(e, r)
	}
	form := ask(e, httptest.NewRequest(http.MethodGet, "/login?next=%2Fhistory%3Fq%3Dfox", nil))
	if form.Code != http.StatusOK || !strings.Contains(form.Body.String(), `name="next" value="/history?q=fox"`) {
		t.Errorf("%d %s", form.Code, form.Body)
	}
	for next, want := range map[string]string{
		"/history?q=fox": "/history?q=fox", "": "/", "//evil.example": "/", `/\evil.example`: "/", "https://evil.example": "/", "/\t/evil.example": "/",
	} {
		w := post("/login", " right\n", next)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != want || w.Header().Get("Set-Cookie") != "in=yes" {
			t.Errorf("next %q: %d to %q", next, w.Code, w.Header().Get("Location"))
		}
	}
	if w := post("/login", "wrong", "/history"); w.Code != http.StatusUnauthorized || w.Header().Get("Set-Cookie") != "" ||
		!strings.Contains(w.Body.String(), "none of this server") || strings.Contains(w.Body.String(), "wrong") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := post("/logout", "", ""); w.Code != http.StatusSeeOther || !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("logout: %d %v", w.Code, w.Header())
	}
}

func TestWrongMethod(t *testing.T) {
	e := newSite(&kept{})
	e.HTTPErrorHandler = e.DefaultHTTPErrorHandler
	e.GET("/v1/x", func(c echo.Context) error { return nil }) // another's route
	for _, path := range []string{"/v1/x", "/history"} {
		if w := ask(e, httptest.NewRequest(http.MethodPut, path, nil)); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("PUT %s: %d", path, w.Code)
		}
	}
}
