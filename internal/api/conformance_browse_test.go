package api

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"easel/internal/prediction"
)

var browsing = []scenario{
	{51, "pages", func(t *testing.T, _ *world) {
		w := newWorld(t, worldOptions{noWorker: true})
		ids := make([]string, 150)
		for i := range ids {
			p, err := w.service.Create(t.Context(), prediction.New{
				Model: "easel/emoji", Version: testVersion, Source: []string{"api", "web"}[i%2], Input: json.RawMessage(`{"prompt":"x"}`)})
			if err != nil {
				t.Fatal(err)
			}
			ids[i] = p.ID
		}
		listed := func(path string) (got []string, next string) {
			r := w.do(t, "GET", path, "").is(200).json()
			for _, p := range r["results"].([]any) {
				got = append(got, str(p.(object)["id"]))
			}
			return got, str(r["next"])
		}
		first, next := listed("/v1/predictions")
		if len(first) != 100 || first[0] != ids[149] || !strings.HasPrefix(next, w.base+"/v1/predictions?cursor=") {
			t.Fatalf("%d results, newest first? next %s", len(first), next)
		}
		rest, end := listed(next)
		if len(rest) != 50 || end != "" || rest[49] != ids[0] {
			t.Fatalf("%d results, next %q", len(rest), end)
		}
		seen := map[string]bool{}
		for _, id := range append(first, rest...) {
			seen[id] = true
		}
		if len(seen) != 150 {
			t.Errorf("%d different ids", len(seen))
		}
		t.Run("52_glued_address", func(t *testing.T) {
			if got, _ := listed("/v1/" + next); len(got) != 50 || got[0] != rest[0] {
				t.Errorf("%v", got)
			}
		})
		t.Run("53_created_between", func(t *testing.T) {
			at := str(w.do(t, "GET", "/v1/predictions/"+ids[100], "").json()["created_at"])
			newer, _ := listed("/v1/predictions?created_after=" + url.QueryEscape(at))
			older, _ := listed("/v1/predictions?created_before=" + url.QueryEscape(at))
			if len(newer) < 49 || len(newer) > 50 || len(older) != 100 || older[0] != ids[99] {
				t.Errorf("%d newer, %d older", len(newer), len(older))
			}
			w.do(t, "GET", "/v1/predictions?created_after=yesterday", "").is(400)
			if web, _ := listed("/v1/predictions?source=web"); len(web) != 75 {
				t.Errorf("%d from the web", len(web))
			}
		})
		t.Run("54_bad_cursor", func(t *testing.T) {
			for _, cursor := range []string{"x", "%00", strings.Repeat("a", 300), "cj0xJnA9MQ=="} {
				w.do(t, "GET", "/v1/predictions?cursor="+cursor, "").is(400)
			}
		})
	}},
	{76, "model", func(t *testing.T, w *world) {
		m := w.do(t, "GET", "/v1/models/easel/emoji", "").is(200).json()
		for _, key := range []string{"url", "owner", "name", "visibility"} {
			if str(m[key]) == "" {
				t.Errorf("%s is %v", key, m[key])
			}
		}
		v := m["latest_version"].(object)
		schemas := v["openapi_schema"].(object)["components"].(object)["schemas"].(object)
		prompt := schemas["Input"].(object)["properties"].(object)["prompt"].(object)
		if prompt["x-order"] != 0.0 || v["id"] != testVersion || str(v["cog_version"]) == "" {
			t.Errorf("%v", v)
		}
		if toJSON(schemas["Output"]) != `{"items":{"format":"uri","type":"string"},"title":"Output","type":"array"}` {
			t.Errorf("Output %v", schemas["Output"])
		}
		if _, ok := m["run_count"].(float64); !ok {
			t.Error("no run_count")
		}
		t.Run("77_versions", func(t *testing.T) {
			list := w.do(t, "GET", "/v1/models/easel/emoji/versions", "").is(200).json()["results"].([]any)
			one := w.do(t, "GET", "/v1/models/easel/emoji/versions/"+testVersion, "").is(200).json()
			if len(list) != 1 || toJSON(list[0]) != toJSON(one) || toJSON(one) != toJSON(v) {
				t.Error("they disagree")
			}
		})
	}},
	{78, "account_hardware_collections", func(t *testing.T, w *world) {
		if a := w.do(t, "GET", "/v1/account", "").is(200).json(); a["type"] != "user" || str(a["name"]) == "" || str(a["username"]) == "" {
			t.Errorf("%v", a)
		}
		if list := decode[[]struct{ SKU, Name string }](t, w.do(t, "GET", "/v1/hardware", "").is(200).body); len(list) != 1 || list[0].SKU == "" {
			t.Errorf("%v", list)
		}
		w.do(t, "HEAD", "/healthz", "").is(200)
		w.do(t, "HEAD", "/readyz", "").is(200)
		for _, path := range []string{"/v1/collections", "/v1/deployments", "/v1/trainings", "/v1/models", "/v1/models/easel/emoji/examples"} {
			p := w.do(t, "GET", path, "").is(200).json()
			if _, ok := p["results"].([]any); !ok || p["next"] != nil {
				t.Errorf("%s: %v", path, p)
			}
		}
		w.do(t, "GET", "/v1/collections/here", "").is(200)
		w.do(t, "GET", "/v1/collections/other", "").is(404)
		w.do(t, "GET", "/v1/deployments/a/b", "").is(404)
		w.do(t, "POST", "/v1/models/easel/emoji/versions/1/trainings", "{}").is(404)
		w.do(t, "GET", "/v1/models/easel/emoji/readme", "").is(200).exactly("# emoji\n")
	}},
	{79, "query_models", func(t *testing.T, w *world) {
		for _, text := range []string{"flux", `"flux"`} {
			if got := w.do(t, "QUERY", "/v1/models", text, "Content-Type", "text/plain").is(200).json()["results"].([]any); len(got) != 1 {
				t.Errorf("%s: %d", text, len(got))
			}
		}
		if got := w.do(t, "QUERY", "/v1/models", "walrus").is(200).json()["results"].([]any); len(got) != 0 {
			t.Errorf("%v", got)
		}
		w.do(t, "GET", "/v1/search?query=flux&limit=1", "").is(200)
	}},
	{80, "over_the_limit", func(t *testing.T, _ *world) {
		w := newWorld(t, worldOptions{change: func(a *API) { a.Limits = NewLimits(2, 100) }})
		for range 2 {
			if r := w.input(t, `{"prompt":"x"}`).is(201); r.header.Get("Ratelimit-Remaining") == "" {
				t.Error("no ratelimit-remaining")
			}
		}
		for range 6 {
			r := w.input(t, `{"prompt":"x"}`).is(429).exactly(`{"detail":"Request was throttled. Expected available in 1 second."}`)
			if r.header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
			}
		}
		if n := len(w.do(t, "GET", "/v1/predictions", "").is(200).json()["results"].([]any)); n != 2 {
			t.Errorf("%d predictions", n)
		}
	}},
	{85, "alias", func(t *testing.T, w *world) {
		for _, path := range []string{"/models/easel/emoji", "/account", "/predictions?limit=3"} {
			w.do(t, "GET", "/v1/v1"+path, "").is(200).exactly(w.do(t, "GET", "/v1"+path, "").body)
		}
	}},
	{86, "unknown_path", func(t *testing.T, w *world) {
		for _, path := range []string{"/v1/nothing", "/v1", "/v1/", "/v1/predictions/a/b/c"} {
			w.do(t, "GET", path, "").is(404).exactly(`{"detail":"The requested resource could not be found.","status":404}`)
		}
		for _, method := range []string{"PUT", "DELETE", "PATCH"} {
			w.do(t, method, "/v1/predictions", "").is(405).exactly(fmt.Sprintf(`{"detail":"Method \"%s\" not allowed.","status":405}`, method))
		}
	}},
	{84, "secrets", func(t *testing.T, w *world) {
		r := newReceiver(t)
		p := w.hook(t, r, `{"prompt":"x","extra_lora":"https://me:pass@civitai.com/api/download/models/1?type=Model&token=sesame"}`, "")
		all := toJSON(p) + w.do(t, "GET", "/v1/predictions?limit=1", "").body
		for _, c := range r.settle(t) {
			all += c.raw
		}
		if strings.Contains(all, "sesame") || strings.Contains(all, "pass") || !strings.Contains(all, "type=Model") {
			t.Errorf("%.500s", all)
		}
	}},
}
