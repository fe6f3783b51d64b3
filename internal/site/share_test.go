package site

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/picture"
	"easel/internal/prediction"
	"easel/internal/share"
	"easel/views"
)

const (
	secretPrompt = "a surprise party for Ada"
	secretSum    = "sha256:feedface"
)

// drawn is a finished file as the engine leaves it, with its recipe inside.
func drawn(t *testing.T, format picture.Format, recipe picture.Recipe) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 32, 16))
	for i := range img.Pix {
		img.Pix[i] = byte(i*7) | 0x80
	}
	img.Set(0, 0, color.NRGBA{255, 0, 0, 255})
	var b bytes.Buffer
	if err := picture.Encode(&b, img, format, 90); err != nil {
		t.Fatal(err)
	}
	file, err := picture.Embed(b.Bytes(), recipe)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func fullRecipe() picture.Recipe {
	input, _ := json.Marshal(map[string]any{"prompt": secretPrompt, "image": secretSum, "mask": secretSum, "guidance_scale": 3.5, "seed": 7})
	return picture.Recipe{Version: "0.1.0", Model: "easel/emoji", Weights: strings.Repeat("a", 64), Seed: 7, Input: input}
}

// gallery is a site with one finished prediction, which started from a picture.
func gallery(t *testing.T) (*Site, *shelf, *kept, *echo.Echo) {
	t.Helper()
	k, sh := &kept{known: map[string]prediction.Prediction{}}, &shelf{}
	k.known["done"] = prediction.Prediction{
		ID: "done", Model: "easel/emoji", Status: prediction.Succeeded, Output: []string{"out"}, Logs: "log of " + secretPrompt,
		Input: json.RawMessage(`{"prompt":"` + secretPrompt + `","image":"easel-file:photo;data:image/png;base64,","extra_lora":"https://user:key@example.com/l.safetensors?token=hush"}`),
		Extra: prediction.Extra{Seeds: []int64{7}, Warnings: []string{"cut: " + secretPrompt}},
	}
	k.known["other"] = prediction.Prediction{ID: "other", Status: prediction.Succeeded, Output: []string{"private"}, Input: json.RawMessage(`{"prompt":"x"}`)}
	files := held{"out": drawn(t, picture.WebP, fullRecipe()), "photo": drawn(t, picture.JPEG, fullRecipe()), "private": drawn(t, picture.PNG, fullRecipe())}
	s := &Site{Predictions: k, Shelf: sh, Bin: share.Bin{Marks: sh}, Files: files, Model: views.Model{Owner: "easel", Name: "emoji", Version: "v"}}
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		status := http.StatusNotFound
		if he, ok := err.(*echo.HTTPError); ok {
			status = he.Code
		}
		s.ErrorPage(c, status, err.Error())
	}
	s.Register(e)
	return s, sh, k, e
}

func get(e *echo.Echo, path string) *httptest.ResponseRecorder {
	return ask(e, httptest.NewRequest(http.MethodGet, path, nil))
}

func post(e *echo.Echo, path string, fields url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return ask(e, r)
}

// What a share hides is in none of its bytes: not on the page, not in a file.
func TestShareHides(t *testing.T) {
	for _, format := range []picture.Format{picture.WebP, picture.JPEG, picture.PNG} {
		s, sh, _, e := gallery(t)
		told := fullRecipe()
		told.Runtime, told.Device = "ONNX Runtime 1", "cpu amd64"
		s.Files.(held)["out"] = drawn(t, format, told)
		if w := post(e, "/p/done/share", url.Values{"hide_prompt": {"1"}, "hide_image": {"1"}, "life": {"1d"}}); w.Code != http.StatusSeeOther {
			t.Fatalf("share: %d %s", w.Code, w.Body)
		}
		var token string
		for token = range sh.shares {
		}
		for path, status := range map[string]int{"": 200, "/0" + format.Ext(): 200, "/preview.jpg": 200, "/image": 404, "/mask": 404} {
			w := get(e, "/s/"+token+path)
			if w.Code != status {
				t.Errorf("%s %s: %d, want %d", format, path, w.Code, status)
			}
			for _, secret := range []string{secretPrompt, "Ada", secretSum, "feedface", "photo", "hush", "user:key"} {
				if bytes.Contains(w.Body.Bytes(), []byte(secret)) {
					t.Errorf("%s %s tells %q", format, path, secret)
				}
			}
		}
		file := get(e, "/s/"+token+"/0"+format.Ext()).Body.Bytes()
		recipe, err := picture.ReadRecipe(file)
		if recipe.Runtime != "" || recipe.Device != "" {
			t.Errorf("%s: what it was computed on went too: %+v", format, recipe)
		}
		if err != nil || recipe.Seed != 7 || !strings.Contains(string(recipe.Input), "guidance_scale") {
			t.Errorf("%s: what is not hidden went too: %+v, %v", format, recipe, err)
		}
		if pixelsDiffer(file, s.Files.(held)["out"]) != "Every pixel is the same; only what is written into the file differs." {
			t.Errorf("%s: the pixels changed", format)
		}
	}
}

func TestShareShows(t *testing.T) {
	_, sh, _, e := gallery(t)
	open := share.New("done", time.Now(), 0)
	sh.Add(t.Context(), open)
	path := "/s/" + open.Token
	page := get(e, path).Body.String()
	for _, want := range []string{
		secretPrompt, `property="og:title" content="` + secretPrompt, `property="og:image" content="http://example.com` + path + `/preview.jpg"`,
		`og:image:width" content="32"`, `src="http://example.com` + path + `/image"`, "/?share=" + open.Token, "curl -s -X POST", "&#34;seed&#34;: 7", "https://example.com/l.safetensors", "noindex",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, secret := range []string{"hush", "user:key", "/files/", "photo", "log of"} {
		if strings.Contains(page, secret) {
			t.Errorf("the page tells %q", secret)
		}
	}
	file := get(e, path+"/0.webp")
	if recipe, err := picture.ReadRecipe(file.Body.Bytes()); err != nil || !strings.Contains(string(recipe.Input), secretPrompt) {
		t.Errorf("the recipe: %+v, %v", recipe, err)
	}
	for name, want := range map[string]string{"Content-Type": "image/webp", "Cache-Control": "private, no-cache", "X-Robots-Tag": "noindex", "Content-Security-Policy": "default-src 'none'; sandbox"} {
		if got := file.Header().Get(name); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	if photo := get(e, path+"/image"); photo.Code != 200 || bytes.Contains(photo.Body.Bytes(), []byte(secretPrompt)) {
		t.Errorf("what is written in the input picture is shown: %d", photo.Code)
	}
	if form := get(e, "/?share="+open.Token).Body.String(); !strings.Contains(form, secretPrompt+"</textarea>") || !strings.Contains(form, "http://example.com/files/photo/image") {
		t.Error("the playground lacks the inputs")
	}
}

func TestShareReachesNothingElse(t *testing.T) {
	_, sh, _, e := gallery(t)
	open := share.New("done", time.Now(), 0)
	sh.Add(t.Context(), open)
	for _, path := range []string{"/s/unknown", "/s/unknown/0.webp", "/1.webp", "/-1.webp", "/00.webp", "/0x0.webp", "/private", "/out", "/mask", "/replays/other", "/replays/done/0.webp", "/replays/other/0.png"} {
		if !strings.HasPrefix(path, "/s/") {
			path = "/s/" + open.Token + path
		}
		if w := get(e, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestClosedShares(t *testing.T) {
	_, sh, k, e := gallery(t)
	closed := map[string]share.Share{
		"a time that has passed": share.New("done", time.Now().Add(-2*time.Hour), time.Hour),
		"was deleted":            share.New("gone", time.Now(), 0),
		"taken back":             share.New("done", time.Now(), 0),
	}
	for _, one := range closed {
		sh.Add(t.Context(), one)
	}
	if w := post(e, "/p/other/share/"+closed["taken back"].Token+"/revoke", nil); w.Code != http.StatusNotFound {
		t.Errorf("revoked by way of another prediction: %d", w.Code)
	}
	if w := post(e, "/p/done/share/"+closed["taken back"].Token+"/revoke", nil); w.Code != http.StatusSeeOther {
		t.Errorf("revoke: %d", w.Code)
	}
	for why, one := range closed {
		for _, path := range []string{"", "/0.webp", "/preview.jpg", "/image", "/replays/x"} {
			w := get(e, "/s/"+one.Token+path)
			if w.Code != http.StatusGone || !strings.Contains(w.Body.String(), why) {
				t.Errorf("%s%s: %d", why, path, w.Code)
			}
		}
		if w := post(e, "/s/"+one.Token+"/replay", nil); w.Code != http.StatusGone {
			t.Errorf("%s, replay: %d", why, w.Code)
		}
		if w := get(e, "/?share="+one.Token); w.Code != http.StatusGone {
			t.Errorf("%s, playground: %d", why, w.Code)
		}
	}
	if len(k.created) > 0 {
		t.Error("a closed share was run again")
	}
	if page := get(e, "/p/done/share").Body.String(); !strings.Contains(page, "Taken back") || !strings.Contains(page, "Expired") {
		t.Error("the owner is not told which links are closed")
	}
}

func TestReplayIsAllowed(t *testing.T) {
	s, sh, k, e := gallery(t)
	s.Access = gate{}
	closed, allowed := share.New("done", time.Now(), 0), share.New("done", time.Now(), 0)
	allowed.AllowReplay = true
	sh.Add(t.Context(), closed)
	sh.Add(t.Context(), allowed)
	if page := get(e, "/s/"+closed.Token).Body.String(); !strings.Contains(page, "Log in to run it again") || strings.Contains(page, ">Run it again") || strings.Contains(page, `href="/history"`) {
		t.Error("a stranger is offered what is not theirs")
	}
	if w := post(e, "/s/"+closed.Token+"/replay", nil); w.Code != http.StatusForbidden || len(k.created) > 0 {
		t.Errorf("a stranger's replay: %d", w.Code)
	}
	for n := range 4 {
		want := http.StatusSeeOther
		if n == 3 {
			want = http.StatusTooManyRequests
		}
		if w := post(e, "/s/"+allowed.Token+"/replay", nil); w.Code != want {
			t.Errorf("allowed replay %d: %d, want %d", n, w.Code, want)
		}
	}
	if len(k.created) != 3 || !strings.Contains(string(k.created[0].Input), `"seed":7`) {
		t.Errorf("ran %+v", k.created)
	}
	r := httptest.NewRequest(http.MethodPost, "/s/"+closed.Token+"/replay", nil)
	r.AddCookie(&http.Cookie{Name: "in", Value: "yes"})
	if w := ask(e, r); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/s/"+closed.Token+"/replays/new" {
		t.Errorf("a replay after a login: %d to %s", w.Code, w.Header().Get("Location"))
	}
}

func TestReplayCompares(t *testing.T) {
	otherPixels := drawn(t, picture.WebP, fullRecipe())
	img, _, _ := picture.Decode(otherPixels, picture.DefaultLimits)
	img.Pix[40] ^= 0x40
	var b bytes.Buffer
	picture.Encode(&b, img, picture.PNG, 0)
	otherPixels, err := picture.Embed(b.Bytes(), fullRecipe())
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*picture.Recipe)) []byte {
		r := fullRecipe()
		change(&r)
		return drawn(t, picture.WebP, r)
	}
	for name, test := range map[string]struct {
		again []byte
		want  string
	}{
		"same":     {drawn(t, picture.WebP, fullRecipe()), "Same bytes."},
		"weights":  {with(func(r *picture.Recipe) { r.Weights = strings.Repeat("b", 64) }), "Other weights: then aaaaaaaaaaaa…, now bbbbbbbbbbbb…."},
		"program":  {with(func(r *picture.Recipe) { r.Version = "9.9.9" }), "Another program: then Easel 0.1.0, now Easel 9.9.9."},
		"runtime":  {with(func(r *picture.Recipe) { r.Runtime = "ONNX Runtime 2" }), "Another runtime: then not told, now ONNX Runtime 2."},
		"device":   {with(func(r *picture.Recipe) { r.Device = "webgpu" }), "Another device: then not told, now webgpu."},
		"adapter":  {with(func(r *picture.Recipe) { r.LoRAs = []picture.RecipeLoRA{{SHA256: "c", Scale: 1}} }), "Other LoRA files: then none, now c at 1."},
		"no cause": {otherPixels, "nothing that the files tell explains it"},
		"pixels":   {otherPixels, "of the pixels differ, by at most"},
		"no file":  {[]byte("?"), "A file cannot be read as a picture."},
	} {
		s, sh, k, e := gallery(t)
		open := share.New("done", time.Now(), 0)
		open.Replayed("again")
		sh.Add(t.Context(), open)
		k.known["again"] = prediction.Prediction{ID: "again", Status: prediction.Succeeded, Output: []string{"second"}, Input: k.known["done"].Input}
		s.Files.(held)["second"] = test.again
		w := get(e, "/s/"+open.Token+"/replays/again")
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s: %d, the page lacks %q", name, w.Code, test.want)
		}
	}
}
