package inputfile

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"easel/internal/prediction"
	"easel/internal/schema"
)

// memory keeps files in a map.
type memory map[string][]byte

func (m memory) Put(_ context.Context, f prediction.File, r io.Reader) (prediction.File, error) {
	data, err := io.ReadAll(r)
	f.Token = fmt.Sprintf("%x", md5.Sum(data))
	m[f.Token] = data
	return f, err
}

func (m memory) Open(ctx context.Context, token string) (prediction.File, io.ReadSeekCloser, error) {
	f, err := m.Stat(ctx, token)
	return f, struct {
		*bytes.Reader
		io.Closer
	}{bytes.NewReader(m[token]), io.NopCloser(nil)}, err
}

func (m memory) Stat(_ context.Context, token string) (prediction.File, error) {
	data, ok := m[token]
	if !ok {
		return prediction.File{}, prediction.ErrNotFound
	}
	return prediction.File{Token: token, Size: int64(len(data))}, nil
}

func (m memory) Delete(_ context.Context, token string) error { delete(m, token); return nil }

func (m memory) List(context.Context) ([]prediction.File, error) { return nil, nil }

func (m memory) Used(context.Context) (int64, error) { return 0, nil }

func TestAdmitAndEcho(t *testing.T) {
	for _, c := range []struct{ sent, stored, echoed string }{
		{"data:image/png;base64,aGVsbG8=", "hello", ""},
		{"DATA:image/png;base64,aGVsbG8=", "hello", ""},
		{"data:application/octet-stream,aGVsbG8=", "hello", ""}, // ";base64" forgotten
		{"data:image/png;base64,aGVsbG8", "hello", "data:image/png;base64,aGVsbG8="},
		{"data:image/png;base64,aGVs\nbG8=", "hello", "data:image/png;base64,aGVsbG8="},
		{"data:image/png;base64,_-8=", "\xff\xef", "data:image/png;base64,/+8="},
		{"data:text/plain,hello%20you", "hello you", "data:text/plain;base64,aGVsbG8geW91"},
		{"data:;base64,aGVsbG8=", "hello", ""},
	} {
		files := memory{}
		raw, _ := json.Marshal(map[string]any{"prompt": "<&>", "image": c.sent, "n": 1})
		admitted, made, err := Door{Files: files}.Admit(t.Context(), raw)
		if err != nil || len(made) != 1 || string(files[made[0]]) != c.stored {
			t.Fatalf("%s: %v %v %q", c.sent, made, err, files)
		}
		var in struct{ Image string }
		if err := json.Unmarshal(admitted, &in); err != nil {
			t.Fatal(err)
		}
		ref, ok := Parse(in.Image)
		if u, err := url.Parse(in.Image); !ok || ref.Token != made[0] || err != nil || u.Scheme == "" {
			t.Errorf("%s became %s", c.sent, in.Image)
		}
		if c.echoed == "" {
			c.echoed = c.sent
		}
		back, err := Echo(t.Context(), files, admitted, 100)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(back, &in); err != nil || in.Image != c.echoed {
			t.Errorf("%s comes back as %s", c.sent, in.Image)
		}
		short, _ := Echo(t.Context(), files, admitted, 1)
		gone, _ := Echo(t.Context(), memory{}, admitted, 100)
		for _, raw := range []json.RawMessage{short, gone} {
			if err := json.Unmarshal(raw, &in); err != nil || !strings.HasSuffix(in.Image, ",") {
				t.Errorf("head of %s is %s", c.sent, in.Image)
			}
		}
	}
}

func TestAdmitRefuses(t *testing.T) {
	for _, value := range []string{"data:", "data:image/png;base64", "data:image/png;base64,@@@", "data:text/plain,%zz", "easel-file:x;y", "http://here/gone"} {
		files := memory{}
		raw, _ := json.Marshal(map[string]string{"a": "data:,x", "image": value})
		_, _, err := Door{Files: files, Own: func(s string) (string, bool) { return "gone", s == "http://here/gone" }}.Admit(t.Context(), raw)
		var invalid *schema.Invalid
		if !errors.As(err, &invalid) || invalid.Violations[0].Field != "input.image" {
			t.Errorf("%s: %v", value, err)
		}
		if len(files) != 0 {
			t.Errorf("%s: files stay stored", value)
		}
	}
}

func TestRewriteKeepsTheRest(t *testing.T) {
	const raw = `{"z":"<a>","a":[1,{"b":"data:,x"}],"n":1.50,"s":"x","s":"y"}`
	got, err := Rewrite(json.RawMessage(raw), func(name, value string) (string, error) {
		if name == "s" {
			return value + value, nil
		}
		return value, nil
	})
	if want := `{"z":"<a>","a":[1,{"b":"data:,x"}],"n":1.50,"s":"xx","s":"yy"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}

func FuzzAdmit(f *testing.F) {
	f.Add("data:image/png;base64,aGVsbG8=")
	f.Add("data:text/plain,%41")
	f.Fuzz(func(t *testing.T, value string) {
		files := memory{}
		raw, err := json.Marshal(map[string]string{"image": value})
		if err != nil {
			return
		}
		admitted, _, err := Door{Files: files}.Admit(t.Context(), raw)
		if err != nil {
			return
		}
		back, err := Echo(t.Context(), files, admitted, 1<<20)
		if err != nil || !json.Valid(back) {
			t.Fatalf("%q: %s, %v", value, back, err)
		}
	})
}
