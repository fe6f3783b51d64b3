package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"easel/internal/prediction/inputfile"
)

// part is one part of a form: a field, or a file where disposition says so.
type part struct{ disposition, contentType, body string }

func form(parts ...part) (body, contentType string) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{"Content-Disposition": {"form-data; " + p.disposition}}
		if p.contentType != "" {
			h.Set("Content-Type", p.contentType)
		}
		w, _ := m.CreatePart(h)
		io.WriteString(w, p.body)
	}
	m.Close()
	return b.String(), m.FormDataContentType()
}

func (w *world) upload(t *testing.T, parts ...part) reply {
	t.Helper()
	body, kind := form(parts...)
	return w.do(t, "POST", "/v1/files", body, "Content-Type", kind)
}

const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

func png(t *testing.T) string {
	data, err := base64.StdEncoding.DecodeString(onePixel)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var filing = []scenario{
	{63, "five_layouts", func(t *testing.T, w *world) {
		picture := png(t)
		for _, c := range []struct {
			client     string
			name, kind string
			parts      []part
		}{
			{"JavaScript", "buffer_17", "application/octet-stream", []part{
				{`name="content"; filename="buffer_17"`, "application/octet-stream", picture},
				{`name="metadata"; filename="blob"`, "application/json", `{"k":"v","n":1}`}}},
			{"Python1", "a.png", "image/png", []part{
				{`name="content"; filename="a.png"`, "image/png", picture}, {`name="metadata"`, "", `{"k":"v","n":1}`}}},
			{"Python2", "b.png", "image/png", []part{
				{`name="filename"`, "", "b.png"}, {`name="type"`, "", "image/png"},
				{`name="metadata[k]"`, "", "v"}, {`name="metadata[n]"`, "", "1"},
				{`name="content"; filename="upload"`, "application/octet-stream", picture}}},
			{"Go", "c.png", "image/png", []part{
				{`name="metadata"`, "", `{"k":"v","n":1}`}, {`name="content"; filename="c.png"`, "image/png", picture}}},
			{"curl", "d.png", "image/png", []part{
				{`name="content"; filename="d.png"`, "image/png", picture}, {`name="metadata"`, "application/json", `{"k":"v","n":1}`}}},
		} {
			t.Run(c.client, func(t *testing.T) {
				f := w.upload(t, c.parts...).is(201).json()
				sum := sha256.Sum256([]byte(picture))
				if f["name"] != c.name || f["content_type"] != c.kind || f["size"] != float64(len(picture)) {
					t.Errorf("%v", f)
				}
				if f["checksums"].(object)["sha256"] != hex.EncodeToString(sum[:]) || str(f["etag"]) == "" {
					t.Errorf("%v", f)
				}
				if m := f["metadata"].(object); m["k"] != "v" || m["n"] != "1" {
					t.Errorf("metadata %v", m)
				}
				get := str(f["urls"].(object)["get"])
				if got := w.do(t, "GET", get, "").is(200).json(); toJSON(got) != toJSON(f) {
					t.Errorf("GET %v\nPOST %v", got, f)
				}
				created, err1 := time.Parse(time.RFC3339, str(f["created_at"]))
				expires, err2 := time.Parse(time.RFC3339, str(f["expires_at"]))
				if d := expires.Sub(created); err1 != nil || err2 != nil || d < 23*time.Hour || d > 25*time.Hour {
					t.Errorf("lives %v", d)
				}
			})
		}
	}},
	{64, "over_100_MB", func(t *testing.T, w *world) {
		body, end := form(part{`name="content"; filename="big"`, "", "@"})
		before, after, _ := strings.Cut(body, "@")
		big := io.MultiReader(strings.NewReader(before), io.LimitReader(zeros{}, maxUpload+1), strings.NewReader(after))
		r, err := http.Post(w.base+"/v1/files", end, big)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		text, _ := io.ReadAll(r.Body)
		if r.StatusCode != 413 || string(text) != `{"detail":"Files must be less than 100MB in size"}` {
			t.Errorf("%d %s", r.StatusCode, text)
		}
		w.do(t, "GET", "/v1/account", "").is(200)
	}},
	{65, "no_content", func(t *testing.T, w *world) {
		r := w.upload(t, part{`name="metadata"`, "", `{}`}).is(400)
		if r.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(r.body, "content") {
			t.Errorf("%s", r.body)
		}
		w.do(t, "POST", "/v1/files", "{}").is(400)
		w.upload(t, part{`name="metadata"`, "", `[`}).is(400)
		w.do(t, "POST", "/v1/files", "--x\r\nbroken", "Content-Type", "multipart/form-data; boundary=x").is(400)
	}},
	{66, "own_file_as_image", func(t *testing.T, _ *world) {
		w, g := newPictureWorld(t)
		f := w.upload(t, part{`name="content"; filename="a.png"`, "image/png", png(t)}).is(201).json()
		get := str(f["urls"].(object)["get"])
		p := w.create(t, `{"prompt":"x","image":"`+get+`"}`, "Prefer", "wait")
		if p["status"] != "succeeded" || p["input"].(object)["image"] != get {
			t.Errorf("%v", p)
		}
		if ref, ok := inputfile.Parse(<-g.saw); !ok || ref.Token != f["id"] {
			t.Errorf("the generator saw %v", ref)
		}
		w.input(t, `{"prompt":"x","image":"`+get+`0"}`).invalid("format|input.image|File not found")
	}},
	{67, "delete", func(t *testing.T, w *world) {
		f := w.upload(t, part{`name="content"; filename="a"`, "", "x"}).is(201).json()
		path := "/v1/files/" + str(f["id"])
		w.do(t, "DELETE", path, "").is(204).exactly("")
		w.do(t, "GET", path, "").is(404).exactly(`{"detail":"File not found"}`)
		w.do(t, "DELETE", path, "").is(404).exactly(`{"detail":"File not found"}`)
	}},
	{68, "list", func(t *testing.T, w *world) {
		w.upload(t, part{`name="content"; filename="a"`, "", "x"}).is(201)
		page := w.do(t, "GET", "/v1/files", "").is(200).json()
		if next, ok := page["next"]; !ok || next != nil || len(page["results"].([]any)) == 0 {
			t.Errorf("%v", page)
		}
		// What a prediction drew is nobody's upload.
		out := w.create(t, `{"prompt":"x"}`, "Prefer", "wait")["output"].([]any)[0]
		token := strings.Split(str(out), "/")[4]
		w.do(t, "GET", "/v1/files/"+token, "").is(404)
		w.do(t, "DELETE", "/v1/files/"+token, "").is(404)
	}},
	{0, "signed_download", func(t *testing.T, w *world) {
		f := w.upload(t, part{`name="content"; filename="page.html"`, "text/html", "<script>"}).is(201).json()
		link := func(expiry time.Time, secret string) string {
			until := fmt.Sprint(expiry.Unix())
			signature := base64.StdEncoding.EncodeToString(SignDownload([]byte(secret), "me", str(f["id"]), until))
			return "/v1/files/" + str(f["id"]) + "/download?" + url.Values{"owner": {"me"}, "expiry": {until}, "signature": {signature}}.Encode()
		}
		r := w.do(t, "GET", link(time.Now().Add(time.Hour), "secret"), "").is(200).exactly("<script>")
		if !strings.HasPrefix(r.header.Get("Content-Disposition"), "attachment") || !strings.Contains(r.header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("a browser would run it: %v", r.header)
		}
		w.do(t, "GET", link(time.Now().Add(-time.Hour), "secret"), "").is(404)
		w.do(t, "GET", link(time.Now().Add(time.Hour), "guess"), "").is(404)
	}},
}

// zeros is an endless file.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
