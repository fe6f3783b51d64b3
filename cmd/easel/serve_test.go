package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"
)

// start runs the real program on a free port with a data directory of its own.
func start(t *testing.T, change func(*serveCommand)) *server {
	t.Helper()
	c := &serveCommand{Addr: "127.0.0.1:0", OutputURLs: "auto", Rate: 600}
	c.Name = "easel/emoji"
	c.Data, c.Device, c.SafetyThreshold, c.Grace = t.TempDir(), "cpu", 0.8, time.Second
	if change != nil {
		change(c)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := newServer(ctx, c, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		s.Close()
	})
	return s
}

func TestServeDrawsAPicture(t *testing.T) {
	s := start(t, nil)
	body := `{"input":{"prompt":"a 3d emoji of a rocket","num_inference_steps":1,"megapixels":"0.25","seed":3,"output_format":"png"}}`
	r, err := http.NewRequest("POST", s.URL()+"/v1/models/easel/emoji/predictions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Prefer", "wait")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var p struct {
		Status string
		Error  string
		Output []string
		Easel  struct{ Seeds []int64 }
	}
	if err := json.NewDecoder(answer.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	if p.Status != "succeeded" || len(p.Output) != 1 || len(p.Easel.Seeds) != 1 || p.Easel.Seeds[0] != 3 {
		t.Fatalf("status %s, error %q, output %v, seeds %v", p.Status, p.Error, p.Output, p.Easel.Seeds)
	}
	file, err := http.Get(p.Output[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Body.Close()
	data, err := io.ReadAll(file.Body)
	if err != nil || file.StatusCode != 200 || !strings.HasPrefix(string(data), "\x89PNG") {
		t.Errorf("the picture: status %d, %d bytes, %v", file.StatusCode, len(data), err)
	}
}

func TestOtherVersion(t *testing.T) {
	if got := otherVersion("a", "a"); got != nil {
		t.Errorf("the same: %q", got)
	}
	if got := otherVersion(strings.Repeat("a", 64), strings.Repeat("b", 64)); len(got) != 1 || got[0] != "asked of version aaaaaaaaaaaa of the model, drawn with version bbbbbbbbbbbb" {
		t.Errorf("another: %q", got)
	}
}

func TestServeRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		addr, name string
		change     func(*serveCommand)
		want       string
	}{
		"a taken port":          {taken.Addr().String(), "a/b", nil, "address already in use"},
		"the world, no token":   {"0.0.0.0:0", "a/b", nil, "--addr 0.0.0.0:0: other machines could reach it, and anyone could draw: give a token"},
		"no port":               {"localhost", "a/b", nil, "must be host:port"},
		"a name of one part":    {"127.0.0.1:0", "emoji", nil, "must be owner/name"},
		"cog for the world":     {"127.0.0.1:0", "a/b", func(c *serveCommand) { c.Cog = ":5000" }, "loopback only"},
		"workers of the world":  {"127.0.0.1:0", "a/b", func(c *serveCommand) { c.NatsListen = ":4222" }, "--nats-listen :4222: other machines could reach it"},
		"workers of two":        {"127.0.0.1:0", "a/b", func(c *serveCommand) { c.NatsListen, c.Nats = "127.0.0.1:0", "nats://x" }, "--nats names another"},
		"a token that is short": {"127.0.0.1:0", "a/b", func(c *serveCommand) { c.Token = []string{"abc"} }, "at least 8 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			flags := &serveCommand{Addr: c.addr}
			flags.Name, flags.Data = c.name, t.TempDir()
			if c.change != nil {
				c.change(flags)
			}
			s, err := newServer(context.Background(), flags, slog.New(slog.NewTextHandler(io.Discard, nil)))
			if err == nil {
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, c.want)
			}
		})
	}
}

func TestCogShutdown(t *testing.T) {
	s := start(t, func(c *serveCommand) { c.Cog, c.CogShutdown = "127.0.0.1:0", true })
	answer, err := http.Post("http://"+s.fronts[1].listener.Addr().String()+"/shutdown", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	for until := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := net.Dial("tcp", s.fronts[0].listener.Addr().String()); err != nil {
			return // start's cleanup checks that Run ended well
		}
		if time.Now().After(until) {
			t.Fatal("the server goes on")
		}
	}
}

// Browsers are let in by a cookie, and no page swallows a wrong method.
func TestTokensInABrowser(t *testing.T) {
	s := start(t, func(c *serveCommand) { c.Token = []string{"ann=correct-horse"} })
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	ask := func(method, path, body string) (status int, at string) {
		t.Helper()
		r, err := http.NewRequest(method, s.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode, answer.Request.URL.RequestURI()
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		at                 string
	}{
		{"GET", "/history?q=fox", "", 200, "/login?next=%2Fhistory%3Fq%3Dfox"},
		{"POST", "/login", "token=wrong-horse&next=/history", 401, "/login"},
		{"PUT", "/v1/predictions", "", 401, "/v1/predictions"},
		{"POST", "/login", "token=correct-horse&next=/history", 200, "/history"},
		{"GET", "/v1/predictions", "", 200, "/v1/predictions"},
		{"PUT", "/v1/predictions", "", 405, "/v1/predictions"},
		{"POST", "/logout", "", 200, "/login"},
		{"GET", "/v1/predictions", "", 401, "/v1/predictions"},
	} {
		if status, at := ask(c.method, c.path, c.body); status != c.status || at != c.at {
			t.Errorf("%s %s: %d at %s, want %d at %s", c.method, c.path, status, at, c.status, c.at)
		}
	}
}

// post sends a create request and reads the answer.
func post(t *testing.T, s *server, path, body string) (status int, answer string) {
	t.Helper()
	response, err := http.Post(s.URL()+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// Code that names another model works where the operator says that this one is meant.
func TestAliases(t *testing.T) {
	id := strings.Repeat("0a", 32)
	s := start(t, func(c *serveCommand) { c.Alias = []string{"black-forest-labs/flux-dev-lora", id} })
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{"/v1/models/black-forest-labs/flux-dev-lora/predictions", `{"input":{"prompt":"x"}}`, 201},
		{"/v1/predictions", `{"version":"` + id + `","input":{"prompt":"x"}}`, 201},
		{"/v1/predictions", `{"version":"black-forest-labs/flux-dev-lora:` + id + `","input":{"prompt":"x"}}`, 201},
		{"/v1/models/black-forest-labs/flux-dev/predictions", `{"input":{"prompt":"x"}}`, 404},
		{"/v1/predictions", `{"version":"` + strings.Repeat("0b", 32) + `","input":{"prompt":"x"}}`, 422},
	} {
		if status, answer := post(t, s, c.path, c.body); status != c.want {
			t.Errorf("%s %s: %d %s", c.path, c.body, status, answer)
		}
	}
}

// Webhooks go through the client that keeps callers out of private networks:
// addresses are refused at the door, names once they are looked up.
func TestWebhooksStayOutside(t *testing.T) {
	s := start(t, nil)
	inside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	reached := make(chan struct{})
	go func() {
		if _, err := inside.Accept(); err == nil {
			close(reached)
		}
	}()
	const create = "/v1/models/easel/emoji/predictions"
	for _, address := range []string{"http://" + inside.Addr().String(), "http://10.0.0.1/", "http://[::1]:80/", "http://169.254.169.254/latest"} {
		status, answer := post(t, s, create, `{"input":{"prompt":"x"},"webhook":"`+address+`"}`)
		if status != 422 || !strings.Contains(answer, `"field":"webhook"`) {
			t.Errorf("%s: %d %s", address, status, answer)
		}
	}
	_, port, _ := net.SplitHostPort(inside.Addr().String())
	status, answer := post(t, s, create, `{"input":{"prompt":"x","num_inference_steps":1,"megapixels":"0.25"},"webhook":"http://localhost:`+port+`"}`)
	if status != 201 {
		t.Fatalf("%d %s", status, answer)
	}
	var accepted told
	if err := json.Unmarshal([]byte(answer), &accepted); err != nil {
		t.Fatal(err)
	}
	if _, err := s.service.Wait(t.Context(), accepted.ID); err != nil {
		t.Fatal(err)
	}
	select {
	case <-reached:
		t.Error("a webhook reached this machine by a name")
	case <-time.After(time.Second): // the first tries are over
	}
}
