package api

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

var creating = []scenario{
	{1, "create", func(t *testing.T, w *world) {
		r := w.do(t, "POST", model, `{"input":{"prompt":"x"}}`).is(201)
		p := r.json()
		for key, want := range map[string]any{"status": "starting", "output": nil, "logs": "", "error": nil, "data_removed": false, "model": "easel/emoji", "version": testVersion, "source": "api"} {
			if p[key] != want {
				t.Errorf("%s is %v, want %v", key, p[key], want)
			}
		}
		if !regexp.MustCompile(`^[0-9a-z]{26}$`).MatchString(str(p["id"])) {
			t.Errorf("id %v", p["id"])
		}
		urls := p["urls"].(object)
		for _, key := range []string{"get", "cancel", "web", "stream"} {
			if !strings.HasPrefix(str(urls[key]), w.base+"/") {
				t.Errorf("urls.%s is %v", key, urls[key])
			}
		}
		if r.header.Get("Location") != urls["get"] {
			t.Errorf("Location %q", r.header.Get("Location"))
		}
		if r.header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("Content-Type %q", r.header.Get("Content-Type"))
		}
		if r.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Error("a browser may guess the type")
		}
		if _, err := time.Parse(millis, str(p["created_at"])); err != nil {
			t.Error(err)
		}
		w.await(t, str(p["id"]), "succeeded")
	}},
	{2, "prefer_wait", func(t *testing.T, w *world) {
		r := w.do(t, "POST", model, `{"input":{"prompt":"x","num_outputs":2}}`, "Prefer", "wait").is(201)
		p := r.json()
		if out, _ := p["output"].([]any); p["status"] != "succeeded" || len(out) != 2 {
			t.Errorf("%s", r.body)
		}
		if r.header.Get("Preference-Applied") != "wait" {
			t.Errorf("Preference-Applied %q", r.header.Get("Preference-Applied"))
		}
		if took, _ := p["metrics"].(object)["predict_time"].(float64); took <= 0 {
			t.Errorf("metrics %v", p["metrics"])
		}
	}},
	{3, "prefer_wait_runs_out", func(t *testing.T, w *world) {
		r := w.do(t, "POST", model, `{"input":{"prompt":"hang"}}`, "Prefer", "wait=1").is(202)
		p := r.json()
		defer w.cancel(t, str(p["id"]))
		if r.took < 900*time.Millisecond || r.took > 1400*time.Millisecond {
			t.Errorf("answered after %v", r.took)
		}
		if p["status"] != "starting" || p["output"] != nil || r.header.Get("Location") == "" || r.header.Get("Preference-Applied") != "wait=1" {
			t.Errorf("%s", r.body)
		}
		if now := w.do(t, "GET", "/v1/predictions/"+str(p["id"]), "").json(); now["status"] != "processing" {
			t.Errorf("then %v", now["status"])
		}
	}},
	{4, "odd_preferences", func(t *testing.T, w *world) {
		for _, prefer := range []string{"wait=61", "wait=0", "wait=abc", "respond-async", "wait=-1", "wait=", "wait=5, respond-async"} {
			r := w.do(t, "POST", model, `{"input":{"prompt":"x","num_inference_steps":1}}`, "Prefer", prefer).is(201)
			w.await(t, str(r.json()["id"]), "succeeded")
		}
	}},
	{6, "versions", func(t *testing.T, w *world) {
		for _, version := range []string{testVersion, "easel/emoji:" + testVersion, "easel/emoji"} {
			p := w.do(t, "POST", "/v1/predictions", `{"version":"`+version+`","input":{"prompt":"x"}}`, "Prefer", "wait").is(201).json()
			if p["model"] != "easel/emoji" || p["version"] != testVersion {
				t.Errorf("%s: %v %v", version, p["model"], p["version"])
			}
		}
		w.do(t, "POST", "/v1/deployments/me/mine/predictions", `{"input":{"prompt":"x"}}`, "Prefer", "wait").is(201)
		w.do(t, "POST", "/v1/models/black-forest-labs/flux-dev-lora/predictions", `{"input":{"prompt":"x"}}`, "Prefer", "wait").is(201)
	}},
	{7, "unknown_version", func(t *testing.T, w *world) {
		for _, version := range []string{strings.Repeat("0", 64), "easel/other", "easel/emoji:1", ":", ""} {
			w.do(t, "POST", "/v1/predictions", `{"version":"`+version+`","input":{"prompt":"x"}}`).is(422).
				exactly(`{"title":"Invalid version or not permitted","detail":"The specified version does not exist (or perhaps you don't have permission to use it?)","status":422}`)
		}
	}},
	{8, "no_version", func(t *testing.T, w *world) {
		w.do(t, "POST", "/v1/predictions", `{"input":{"prompt":"x"}}`).invalid("required||version is required")
	}},
	{9, "model_key", func(t *testing.T, w *world) {
		w.do(t, "POST", "/v1/predictions", `{"version":"easel/emoji","model":"a/b","input":{"prompt":"x"}}`).
			invalid("additional_property_not_allowed||Additional property model is not allowed")
	}},
	{10, "no_input", func(t *testing.T, w *world) {
		w.do(t, "POST", model, `{}`).invalid("required||input is required")
	}},
	{11, "misspelt_input", func(t *testing.T, w *world) {
		w.do(t, "POST", model, `{"inptu":{}}`).invalid("required||input is required", "additional_property_not_allowed||Additional property inptu is not allowed")
	}},
}

// startLongestHold begins scenario 5, which takes a minute, beside the others.
func startLongestHold(t *testing.T) func(t *testing.T) {
	if testing.Short() {
		return func(t *testing.T) { t.Skip("takes a minute") }
	}
	w := newWorld(t, worldOptions{})
	r, err := http.NewRequest("POST", w.base+model, strings.NewReader(`{"input":{"prompt":"hang"}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Prefer", "wait")
	began, answered := time.Now(), make(chan struct{})
	var res *http.Response
	go func() { // not by w.do, which fails the test: where only some scenarios run, nobody waits for the answer
		defer close(answered)
		res, err = noRedirects.Do(r)
	}()
	return func(t *testing.T) {
		<-answered
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		took := time.Since(began)
		if p := decode[object](t, string(text)); err != nil || res.StatusCode != 202 || took > 59*time.Second || p["status"] != "starting" {
			t.Errorf("%d after %v: %v, %v", res.StatusCode, took, p["status"], err)
		}
	}
}
