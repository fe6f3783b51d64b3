package api

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"easel/internal/prediction"
	"easel/internal/prediction/inputfile"
	"easel/internal/prediction/predictiontest"
)

// pictureReader is a generator that reads its image first, as the real one
// does, and fails where it cannot.
type pictureReader struct {
	predictiontest.Generator
	files func() prediction.Files
	saw   chan string // the image as the generator finds it, if anybody listens
}

func (g *pictureReader) Generate(ctx context.Context, p prediction.Prediction, s prediction.Sink) (prediction.Extra, error) {
	var in struct{ Image string }
	if err := json.Unmarshal(p.Input, &in); err != nil {
		return prediction.Extra{}, err
	}
	select {
	case g.saw <- in.Image:
	default:
	}
	if in.Image != "" {
		if err := g.read(ctx, in.Image); err != nil {
			return prediction.Extra{}, fmt.Errorf("image: %w", err)
		}
	}
	return g.Generator.Generate(ctx, p, s)
}

func (g *pictureReader) read(ctx context.Context, address string) error {
	var body io.ReadCloser
	if ref, ok := inputfile.Parse(address); ok {
		_, r, err := g.files().Open(ctx, ref.Token)
		if err != nil {
			return err
		}
		body = r
	} else {
		res, err := http.Get(address)
		if err != nil {
			return err
		}
		if body = res.Body; res.StatusCode != 200 {
			return fmt.Errorf("%s answered %s", address, res.Status)
		}
	}
	defer body.Close()
	_, _, err := image.Decode(body)
	return err
}

func newPictureWorld(t *testing.T) (*world, *pictureReader) {
	g := &pictureReader{saw: make(chan string, 8)}
	w := newWorld(t, worldOptions{gen: g})
	g.files = w.service.Files
	return w, g
}

// failed demands the shape of a failed prediction.
func failed(t *testing.T, p object) {
	t.Helper()
	_, logs := p["logs"].(string)
	if p["status"] != "failed" || str(p["error"]) == "" || !logs || p["output"] != nil || p["completed_at"] == nil {
		t.Errorf("%v", p)
	}
}

var bar = regexp.MustCompile(`^\s*(\d+)%\s*\|.+?\|\s*(\d+)\/(\d+)`)

var living = []scenario{
	{24, "image_is_text", func(t *testing.T, _ *world) {
		w, _ := newPictureWorld(t)
		failed(t, w.create(t, `{"prompt":"x","image":"data:image/png;base64,aGVsbG8="}`, "Prefer", "wait"))
	}},
	{25, "image_answers_404", func(t *testing.T, w *world) {
		other, _ := newPictureWorld(t)
		failed(t, other.create(t, `{"prompt":"x","image":"`+w.base+`/none.png"}`, "Prefer", "wait"))
	}},
	{35, "no_token", func(t *testing.T, _ *world) {
		w := newWorld(t, worldOptions{access: NewAccess(map[string]string{"me": "sesame"})})
		w.do(t, "GET", "/v1/predictions", "").is(401).exactly(`{"title":"Unauthenticated","detail":"You did not pass an authentication token","status":401}`)
		wrong := `{"title":"Unauthenticated","detail":"You did not pass a valid authentication token","status":401}`
		t.Run("36_wrong_token", func(t *testing.T) {
			for _, header := range []string{"Bearer open", "Bearer", "Token ", "Basic c2VzYW1l", "sesame"} {
				w.do(t, "GET", "/v1/predictions", "", "Authorization", header).is(401).exactly(wrong)
			}
		})
		t.Run("37_both_schemes", func(t *testing.T) {
			w.do(t, "GET", "/v1/predictions", "", "Authorization", "Token sesame").is(200)
			w.do(t, "GET", "/v1/predictions", "", "Authorization", "bearer sesame").is(200)
		})
	}},
	{38, "unknown_prediction", func(t *testing.T, w *world) {
		for _, id := range []string{"nope", prediction.NewID(time.Now()), "a%2Fb", "..", "*", ">"} {
			w.do(t, "GET", "/v1/predictions/"+id, "").is(404).exactly(`{"detail":"The requested resource could not be found.","status":404}`)
		}
	}},
	{39, "unknown_model", func(t *testing.T, w *world) {
		for _, path := range []string{"/v1/models/a/b", "/v1/models/a/b/versions", "/v1/models/easel/emoji/versions/0", "/v1/models/a/b/readme"} {
			w.do(t, "GET", path, "").is(404).exactly(`{"detail":"The requested resource could not be found.","status":404}`)
		}
	}},
	{40, "life", func(t *testing.T, w *world) {
		p := w.create(t, `{"prompt":"x","num_inference_steps":50}`)
		p = w.await(t, str(p["id"]), "processing")
		if p["started_at"] == nil || p["output"] != nil {
			t.Errorf("%v", p)
		}
		for until := time.Now().Add(10 * time.Second); str(p["logs"]) == "" && p["status"] == "processing" && time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
			p = w.do(t, "GET", "/v1/predictions/"+str(p["id"]), "").json()
		}
		if p["status"] != "processing" || str(p["logs"]) == "" {
			t.Errorf("logs did not grow while processing: %v", p)
		}
		p = w.await(t, str(p["id"]), "succeeded")
		for _, key := range []string{"created_at", "started_at", "completed_at"} {
			if _, err := time.Parse(micros, str(p[key])); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
		t.Run("41_logs", func(t *testing.T) { progress(t, str(p["logs"])) })
	}},
	{42, "cancel_running", func(t *testing.T, w *world) {
		p := w.create(t, `{"prompt":"hang"}`)
		w.await(t, str(p["id"]), "processing")
		p = w.cancel(t, str(p["id"]))
		if p["status"] != "canceled" || p["completed_at"] == nil || p["output"] != nil || p["metrics"] == nil {
			t.Errorf("%v", p)
		}
		w.create(t, `{"prompt":"x"}`, "Prefer", "wait") // the worker is free
	}},
	{43, "cancel_queued", func(t *testing.T, w *world) {
		first := w.create(t, `{"prompt":"hang"}`)
		w.await(t, str(first["id"]), "processing")
		p := w.create(t, `{"prompt":"x"}`)
		if p := w.cancel(t, str(p["id"])); p["status"] != "canceled" {
			t.Errorf("%v", p)
		}
		w.cancel(t, str(first["id"]))
		w.create(t, `{"prompt":"x"}`, "Prefer", "wait")
		if p := w.await(t, str(p["id"]), "canceled"); p["started_at"] != nil {
			t.Errorf("it ran: %v", p)
		}
	}},
	{44, "cancel_after_success", func(t *testing.T, w *world) {
		id := str(w.create(t, `{"prompt":"x"}`, "Prefer", "wait")["id"])
		before := w.do(t, "GET", "/v1/predictions/"+id, "")
		w.do(t, "POST", "/v1/predictions/"+id+"/cancel", "").is(200).exactly(before.body)
	}},
	{45, "cancel_unknown", func(t *testing.T, w *world) {
		w.do(t, "POST", "/v1/predictions/nope/cancel", "").is(404)
	}},
	{46, "cancel_with_a_content_type", func(t *testing.T, w *world) {
		p := w.create(t, `{"prompt":"hang"}`)
		w.do(t, "POST", "/v1/predictions/"+str(p["id"])+"/cancel", "", "Content-Type", "application/json").is(200)
	}},
	{47, "cancel_after", func(t *testing.T, w *world) {
		began := time.Now()
		p := w.create(t, `{"prompt":"hang"}`, "Cancel-After", "5s")
		queued := w.create(t, `{"prompt":"hang"}`, "Cancel-After", "5")
		if _, err := time.Parse(micros, str(p["deadline"])); err != nil {
			t.Error(err)
		}
		w.await(t, str(p["id"]), "canceled")
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("canceled after %v", took)
		}
		t.Run("49_deadline_while_queued", func(t *testing.T) { w.await(t, str(queued["id"]), "canceled") })
	}},
	{48, "odd_deadlines", func(t *testing.T, w *world) {
		for _, after := range []string{"1s", "x", "-5s", "1e9", "99999999999999999999h", "5", "1h30m45s"} {
			r := w.do(t, "POST", model, `{"input":{"prompt":"x"}}`, "Cancel-After", after)
			if ok := after == "5" || after == "1h30m45s"; ok && r.status != 201 || !ok && r.status != 400 {
				t.Errorf("%q: %d", after, r.status)
			}
		}
	}},
	{50, "caller_leaves", func(t *testing.T, w *world) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		body := `{"input":{"prompt":"left behind","num_inference_steps":20}}`
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nPrefer: wait\r\nContent-Length: %d\r\n\r\n%s", model, strings.TrimPrefix(w.base, "http://"), len(body), body)
		time.Sleep(150 * time.Millisecond)
		conn.Close()
		p := w.do(t, "GET", "/v1/predictions?limit=1", "").json()["results"].([]any)[0].(object)
		if p["input"].(object)["prompt"] != "left behind" {
			t.Fatalf("%v", p)
		}
		w.await(t, str(p["id"]), "succeeded")
	}},
}

// progress demands logs as the clients' progress callbacks read them.
func progress(t *testing.T, logs string) {
	if strings.Contains(logs, "\r") {
		t.Error("logs hold a carriage return")
	}
	last := -1
	for _, line := range strings.Split(logs, "\n") {
		if m := bar.FindStringSubmatch(line); m != nil {
			var now int
			fmt.Sscan(m[1], &now)
			if now < last {
				t.Errorf("%d %% after %d %%", now, last)
			}
			last = now
		}
	}
	if last != 100 {
		t.Errorf("progress ends at %d %%:\n%s", last, logs)
	}
}
