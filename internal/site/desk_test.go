package site

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"easel/internal/picture"
	"easel/views"
)

// scripted is a desk with known answers.
type scripted struct{ added map[string]string }

func (scripted) Tokens(_, prompt string) (int, int, int, error) { return 9, 4, len("é🦊"), nil }
func (scripted) LoRAs() ([]string, bool)                        { return []string{"style"}, true }
func (scripted) Card(name string) (any, error) {
	if name == "gone" {
		return nil, errors.New("the LoRA folder has no gone.safetensors")
	}
	return map[string]any{"file": name, "rank": 4}, nil
}
func (s scripted) Add(name string, content io.Reader) error {
	b, err := io.ReadAll(content)
	s.added[name] = string(b)
	return err
}

func TestDesk(t *testing.T) {
	added := map[string]string{}
	s := &Site{Predictions: &kept{}, Model: views.Model{Owner: "easel", Name: "emoji"}, Desk: scripted{added}}
	e := echo.New()
	s.Register(e)
	for _, test := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/tokens?prompt=%C3%A9%F0%9F%A6%8Afox", "", 200, `{"count":9,"kept":3,"limit":4}`},
		{"GET", "/loras", "", 200, `{"main":{"file":"","rank":4},"names":["style"],"upload":true}`},
		{"GET", "/loras/style", "", 200, `{"file":"style","rank":4}`},
		{"GET", "/loras/gone", "", 422, `{"detail":"the LoRA folder has no gone.safetensors"}`},
		{"POST", "/loras/mine", "weights", 201, `{"name":"mine"}`},
		{"POST", "/recipe", "no picture", 422, `{"detail":`},
		{"POST", "/recipe", string(square(t)), 204, ``},
	} {
		w := ask(e, httptest.NewRequest(test.method, test.path, strings.NewReader(test.body)))
		if w.Code != test.status || !strings.HasPrefix(w.Body.String(), test.want) {
			t.Errorf("%s %s: %d %s, want %d %s", test.method, test.path, w.Code, w.Body, test.status, test.want)
		}
	}
	if added["mine"] != "weights" {
		t.Errorf("added %v", added)
	}
	if w := ask(newSite(&kept{}), httptest.NewRequest("GET", "/tokens?prompt=x", nil)); w.Code != http.StatusAccepted {
		t.Errorf("without an engine: %d", w.Code)
	}
}

func TestRecipe(t *testing.T) {
	file, err := picture.Embed(square(t), picture.Recipe{
		Version: "0.1.0", Model: "easel/emoji", Seed: 43,
		Input: json.RawMessage(`{"prompt":"a fox","seed":42,"num_outputs":4,"image":"sha256:00","strange":1}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	w := ask(newSite(&kept{}), httptest.NewRequest("POST", "/recipe", bytes.NewReader(file)))
	want := `{"input":{"prompt":"a fox","seed":43},"model":"easel/emoji"}` + "\n"
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Error(diff)
	}
}

func TestRecipeFromText(t *testing.T) {
	for text, want := range map[string]string{
		"a fox\nSteps: 20, CFG scale: 3.5, Seed: 42, Size: 832x1216": `"prompt":"a fox"`,
		"just a text": "",
	} {
		r := httptest.NewRequest("POST", "/recipe", strings.NewReader(text))
		r.Header.Set("Content-Type", "text/plain;charset=UTF-8")
		w := ask(newSite(&kept{}), r)
		if got := w.Body.String(); want == "" && w.Code != http.StatusNoContent || !strings.Contains(got, want) {
			t.Errorf("%q: %d %s", text, w.Code, got)
		}
	}
}

func square(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 16, 16))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
