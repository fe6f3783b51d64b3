package api

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"easel/internal/prediction"
)

// told is one server-sent event.
type told struct{ id, name, data string }

// listen reads a whole event stream.
func (w *world) listen(t *testing.T, address string, headers ...string) (all []told) {
	t.Helper()
	r := w.do(t, "GET", address, "", headers...).is(200)
	if r.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("Content-Type %q", r.header.Get("Content-Type"))
	}
	for _, block := range strings.Split(r.body, "\n\n") {
		var e told
		for _, line := range strings.Split(block, "\n") {
			name, value, _ := strings.Cut(line, ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data = value
			}
		}
		if e.name != "" {
			all = append(all, e)
		}
		if e.name != "" && (e.id == "" || e.data == "") {
			t.Errorf("event without id or data: %q", block)
		}
	}
	return all
}

func streamOf(p object) string { return str(p["urls"].(object)["stream"]) }

func names(events []told) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString(e.name + " ")
	}
	return strings.TrimSpace(b.String())
}

var streaming = []scenario{
	{55, "stream", func(t *testing.T, _ *world) {
		w := newWorld(t, worldOptions{access: NewAccess(map[string]string{"me": "sesame"})})
		w.header = map[string]string{"Authorization": "Token sesame"}
		p := w.create(t, `{"prompt":"x","num_outputs":2,"output_format":"png"}`)
		w.header = nil // a stream's address is the permission
		events := w.listen(t, streamOf(p))
		if names(events) != "output output done" || events[2].data != "{}" {
			t.Fatalf("%v", events)
		}
		for _, e := range events[:2] {
			w.do(t, "GET", e.data, "").is(200)
		}
		t.Run("58_late_listener", func(t *testing.T) {
			if again := w.listen(t, streamOf(p)); toJSON(names(again)) != toJSON(names(events)) {
				t.Errorf("%v", again)
			}
		})
		t.Run("59_resume", func(t *testing.T) {
			if rest := w.listen(t, streamOf(p), "Last-Event-ID", events[0].id); names(rest) != "output done" || rest[0] != events[1] {
				t.Errorf("%v", rest)
			}
		})
		t.Run("60_guessed_token", func(t *testing.T) {
			w.do(t, "GET", streamOf(p)+"x", "").is(404)
			w.do(t, "GET", "/v1/files/"+streamPrefix+str(p["id"])+"-", "").is(404)
			w.do(t, "GET", "/v1/files/"+streamPrefix+"nope", "").is(404)
		})
	}},
	{56, "stream_of_a_failure", func(t *testing.T, w *world) {
		events := w.listen(t, streamOf(w.create(t, `{"prompt":"fail the reason"}`)))
		if names(events) != "error done" || events[0].data != `{"detail":"the reason"}` || events[1].data != `{"reason":"error"}` {
			t.Errorf("%v", events)
		}
	}},
	{57, "stream_of_a_cancel", func(t *testing.T, w *world) {
		p := w.create(t, `{"prompt":"hang"}`)
		w.cancel(t, str(p["id"]))
		if events := w.listen(t, streamOf(p)); names(events) != "done" || events[0].data != `{"reason":"canceled"}` {
			t.Errorf("%v", events)
		}
	}},
	{61, "cli_gets_no_stream", func(t *testing.T, w *world) {
		if p := w.create(t, `{"prompt":"x"}`, "User-Agent", "replicate-cli/0.26"); streamOf(p) != "" {
			t.Errorf("%v", p["urls"])
		}
		r := w.do(t, "POST", model, `{"input":{"prompt":"x"},"stream":true}`, "User-Agent", "replicate-cli/0.26").is(201)
		if streamOf(r.json()) == "" {
			t.Errorf("%s", r.body)
		}
	}},
	{62, "outputs", func(t *testing.T, w *world) {
		p := w.create(t, `{"prompt":"x","output_format":"webp"}`, "Prefer", "wait")
		address := str(p["output"].([]any)[0])
		if !strings.HasSuffix(address, "/out-0.webp") {
			t.Errorf("address %s", address)
		}
		r := w.do(t, "GET", address, "").is(200)
		head := w.do(t, "HEAD", address, "").is(200)
		for name, want := range map[string]string{"Content-Type": "image/webp", "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline; filename=out-0.webp"} {
			if r.header.Get(name) != want || head.header.Get(name) != want {
				t.Errorf("%s: %q", name, r.header.Get(name))
			}
		}
		if r.header.Get("Content-Length") == "" || r.header.Get("Content-Length") != head.header.Get("Content-Length") || !strings.Contains(r.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%v", r.header)
		}
		part := w.do(t, "GET", address, "", "Range", "bytes=0-3").is(206)
		if part.body != r.body[:4] || part.body != "RIFF" {
			t.Errorf("range %q", part.body)
		}
		w.do(t, "GET", address, "", "If-None-Match", r.header.Get("ETag")).is(304)
		w.do(t, "GET", "/files/"+prediction.NewToken()+"/out-0.webp", "").is(404)
	}},
	{0, "output_policy", func(t *testing.T, w *world) {
		kind := func(p object) string {
			address, _, _ := strings.Cut(str(p["output"].([]any)[0]), ":")
			return address
		}
		for _, c := range []struct{ agent, prefer, want string }{
			{"replicate-javascript/1.4.0", "wait", "data"}, {"replicate-python/1.0.7", "wait=30", "data"}, {"Replicate/Python 2.0.0", "wait", "data"},
			{"replicate-javascript/1.4.0", "", "http"}, {"curl/8", "wait", "http"}, {"ai-sdk/replicate/2.0.57", "wait", "http"},
		} {
			p := w.create(t, `{"prompt":"x"}`, "User-Agent", c.agent, "Prefer", c.prefer)
			w.await(t, str(p["id"]), "succeeded")
			p = w.do(t, "GET", "/v1/predictions/"+str(p["id"]), "", "User-Agent", c.agent).json()
			if kind(p) != c.want {
				t.Errorf("%v: %s", c, kind(p))
			}
			if page := w.do(t, "GET", "/v1/predictions/"+str(p["id"]), "", "User-Agent", "Mozilla/5.0").json(); kind(page) != "http" {
				t.Errorf("a browser gets %s", kind(page))
			}
		}
		secure := newWorld(t, worldOptions{change: func(a *API) { a.PublicURL = "https://easel.example/" }})
		p := secure.create(t, `{"prompt":"x"}`, "User-Agent", "replicate-javascript/1.4.0", "Prefer", "wait")
		if address := str(p["output"].([]any)[0]); !strings.HasPrefix(address, "https://easel.example/files/") {
			t.Errorf("%s", address)
		}
	}},
	{0, "events_in_three_forms", func(t *testing.T, w *world) {
		p := w.create(t, `{"prompt":"x","num_inference_steps":3}`)
		path := "/v1/predictions/" + str(p["id"]) + "/events"
		live := w.listen(t, path+"?previews=1", "Accept", "text/event-stream")
		if !strings.Contains(names(live), "preview") || !strings.HasSuffix(names(live), "done") {
			t.Errorf("%s", names(live))
		}
		plain := w.do(t, "GET", path, "").is(200)
		list := decode[page[prediction.Event]](t, plain.body)
		if list.Next != nil || list.Results[len(list.Results)-1].Type != prediction.EventDone {
			t.Errorf("%s", plain.body)
		}
		for i, e := range list.Results {
			if e.N != uint64(i+1) {
				t.Errorf("event %d has number %d", i, e.N)
			}
		}
		rest := w.listen(t, path+"?after=2", "Accept", "text/event-stream")
		var e prediction.Event
		if err := json.Unmarshal([]byte(rest[0].data), &e); err != nil || e.N != 3 || rest[0].id != "3" {
			t.Errorf("%v %v", rest[0], err)
		}
		w.do(t, "GET", path+"?after=x", "").is(400)
		w.do(t, "GET", "/v1/predictions/nope/events", "").is(404)
	}},
	{0, "events_so_far", func(t *testing.T, w *world) {
		p := w.create(t, `{"prompt":"hang"}`)
		r, err := http.Get(w.base + "/v1/predictions/" + str(p["id"]) + "/events")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		text, _ := io.ReadAll(r.Body)
		w.cancel(t, str(p["id"]))
		if list := decode[page[prediction.Event]](t, string(text)); list.Next == nil || !strings.Contains(*list.Next, "events?after=") {
			t.Errorf("%s", text)
		}
	}},
}
