package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// outcome is what a waiting caller gets.
type outcome struct {
	Status, Error, Logs string
	Output              []string
	Easel               struct {
		Warnings []string
		Loras    []struct {
			Source string
			Scale  float64
			Report struct {
				File          string
				Keys, Matched int
			}
		}
	}
}

// predict has the tiny model draw, quickly, with more inputs.
func predict(t *testing.T, s *server, more map[string]string) outcome {
	t.Helper()
	input := map[string]any{"prompt": "a rocket", "num_inference_steps": 1, "megapixels": "0.25", "output_format": "jpg"}
	for name, value := range more {
		input[name] = value
	}
	body, err := json.Marshal(map[string]any{"input": input})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("POST", s.URL()+"/v1/models/easel/emoji/predictions", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Prefer", "wait")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var o outcome
	if err := json.NewDecoder(answer.Body).Decode(&o); err != nil {
		t.Fatal(err)
	}
	return o
}

func dataURI(data []byte) string {
	return "data:application/octet-stream;base64," + base64.StdEncoding.EncodeToString(data)
}

// TestBadInputFailsAlone gives a server what strangers send. Each fails with
// one sentence that names the input and no folder; then a picture is drawn.
func TestBadInputFailsAlone(t *testing.T) {
	folder, data := t.TempDir(), t.TempDir()
	good, err := os.ReadFile(tinyLoRA)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"cut": good[:len(good)-100], "claims": append([]byte{0, 0, 0, 0, 0, 0, 0, 16}, "{}"...), "empty": nil} {
		if err := os.WriteFile(filepath.Join(folder, name+".safetensors"), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, func(c *serveCommand) { c.Dev, c.Loras, c.Data = goldens+"models/dev", folder, data })
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 64))); err != nil {
		t.Fatal(err)
	}
	black := b.Bytes()
	for want, more := range map[string]map[string]string{
		"image: this is not a picture":                        {"image": dataURI([]byte("hello"))},
		"image: the png picture":                              {"image": dataURI(black[:60])},
		"image: http://127.0.0.1:1/x.png":                     {"image": "http://127.0.0.1:1/x.png"},
		"mask: the mask repaints nothing":                     {"image": dataURI(black), "mask": dataURI(black)},
		"extra_lora: http://[fd00::1]/x.tar":                  {"extra_lora": "http://[fd00::1]/x.tar"},
		"extra_lora: the host \"0x7f.1\"":                     {"extra_lora": "http://0x7f.1/x.safetensors"},
		"extra_lora: \"ftp://h/x.safetensors\"":               {"extra_lora": "ftp://h/x.safetensors"},
		"extra_lora: the LoRA folder has no one":              {"extra_lora": "one"},
		"extra_lora: tensor":                                  {"extra_lora": "cut"},
		"extra_lora: header claims 1152921504606846976 bytes": {"extra_lora": "claims"},
		"extra_lora: 0 bytes is too short":                    {"extra_lora": "empty"},
		"model \"schnell\": not installed":                    {"model": "schnell"},
	} {
		o := predict(t, s, more)
		if o.Status != "failed" || !strings.HasPrefix(o.Error, want) || o.Output != nil {
			t.Errorf("%v: %s, %q with %d pictures; want %q", more["extra_lora"], o.Status, o.Error, len(o.Output), want)
		}
		if said := o.Error + o.Logs; strings.Contains(o.Error, "\n") || strings.Contains(said, folder) || strings.Contains(said, data) {
			t.Errorf("told %q", said)
		}
	}
	if o := predict(t, s, nil); o.Status != "succeeded" || len(o.Output) != 1 {
		t.Errorf("afterwards: %s, %s", o.Status, o.Error)
	}
}

// TestExtraLoRAFromElsewhere follows a redirect to a slow server.
func TestExtraLoRAFromElsewhere(t *testing.T) {
	file, err := os.ReadFile(goldens + "lora/kohya.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/style.safetensors" {
			http.Redirect(w, r, "/blob?"+r.URL.RawQuery, http.StatusFound)
			return
		}
		asked++
		w.Header().Set("Content-Length", fmt.Sprint(len(file)))
		for half := range 2 {
			w.Write(file[half*len(file)/2 : (half+1)*len(file)/2])
			w.(http.Flusher).Flush()
			time.Sleep(300 * time.Millisecond) // progress is told four times a second
		}
	}))
	defer host.Close()
	s := start(t, func(c *serveCommand) { c.Dev, c.AllowPrivate = goldens+"models/dev", true })
	address := host.URL + "/style.safetensors?key=secret"
	for i := range 2 {
		o := predict(t, s, map[string]string{"extra_lora": address})
		if o.Status != "succeeded" || len(o.Easel.Loras) != 1 {
			t.Fatalf("%s, %q, %+v", o.Status, o.Error, o.Easel)
		}
		l := o.Easel.Loras[0]
		if l.Scale != 1 || l.Source != host.URL+"/style.safetensors" || l.Report.File != "style.safetensors" || l.Report.Matched != 114 || l.Report.Keys != 114 {
			t.Errorf("the response tells %+v", l)
		}
		if told := strings.Contains(o.Logs, "extra_lora: 100 % of"); told != (i == 0) {
			t.Errorf("request %d: the log tells a download %v: %s", i, told, o.Logs)
		}
	}
	if asked != 1 {
		t.Errorf("the file was asked for %d times", asked)
	}
}
