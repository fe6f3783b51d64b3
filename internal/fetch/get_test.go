package fetch

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func all(c *Client, ctx context.Context, address string, limits Limits) (string, error) {
	body, err := c.Get(ctx, address, limits)
	if err != nil {
		return "", err
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	return string(data), err
}

var two = map[string][]string{"a.example": {outside}, "b.example": {"93.184.216.35"}, "inside.example": {"10.0.0.1"}}

func TestRedirectsAreCheckedOneByOne(t *testing.T) {
	c, dialled := world(t, two, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/to":
			w.Header().Set("Location", r.URL.Query().Get("u"))
			w.WriteHeader(http.StatusFound)
		case r.URL.Path == "/chain":
			n, _ := strconv.Atoi(r.URL.Query().Get("n"))
			if n > 0 {
				http.Redirect(w, r, fmt.Sprintf("/chain?n=%d", n-1), http.StatusTemporaryRedirect)
				return
			}
			fmt.Fprint(w, "end")
		}
	})
	for _, bad := range []string{
		"http://127.0.0.1/", "http://inside.example/", "http://169.254.169.254/", "file:///etc/passwd", "gopher://b.example/", "http://2130706433/", "//10.0.0.1/",
		"http://[::1]/", "http://b.example@127.0.0.1/", "http://b.example\\@127.0.0.1/", "//127。0。0。1/", "http://[::ffff:10.0.0.1]/", "javascript:1", "http://0x7f.1",
		"http://a.example/to?u=http%3A%2F%2F127.0.0.1%2F",
	} {
		_, err := all(c, t.Context(), "http://a.example/to?u="+strings.NewReplacer("%", "%25", "&", "%26", "#", "%23", "\\", "%5C").Replace(bad), Limits{})
		if err == nil {
			t.Errorf("a redirect to %s was followed", bad)
		}
	}
	for _, d := range dialled() {
		if d != outside+":80" {
			t.Errorf("dialled %s", d)
		}
	}
	if got, err := all(c, t.Context(), "http://a.example/chain?n=5", Limits{}); err != nil || got != "end" {
		t.Errorf("5 redirects: %q, %v", got, err)
	}
	if _, err := all(c, t.Context(), "http://a.example/chain?n=6", Limits{}); err == nil || !strings.Contains(err.Error(), "more than 5 redirects") {
		t.Errorf("6 redirects: %v", err)
	}
	if _, err := all(c, t.Context(), "http://a.example/chain?n=1", Limits{Redirects: -1}); err == nil {
		t.Error("a redirect was followed though none are allowed")
	}
}

func TestCredentialsStayWithTheirHost(t *testing.T) {
	c, _ := world(t, two, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("u"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		fmt.Fprintf(w, "%s|%s|%s|%s", r.Header.Get("Authorization"), r.Header.Get("Cookie"), r.Header.Get("X-Token"), r.Header.Get("Range"))
	})
	secret := http.Header{"Authorization": {"Bearer s"}, "Cookie": {"c=1"}, "X-Token": {"t"}, "Range": {"bytes=5-"}}
	for address, want := range map[string]string{
		"http://a.example/":                              "Bearer s|c=1|t|bytes=5-",
		"http://a.example/?u=/same":                      "Bearer s|c=1|t|bytes=5-",
		"http://a.example/?u=http://b.example/":          "|||bytes=5-",
		"http://a.example/?u=http://a.example:8080/":     "|||bytes=5-",
		"http://a.example/?u=http://x:y@b.example/":      "Basic eDp5|||bytes=5-",
		"http://me:pw@a.example/":                        "Basic bWU6cHc=|c=1|t|bytes=5-",
		"http://me:pw@a.example/?u=http://b.example/":    "|||bytes=5-",
		"http://me:pw@a.example/?u=http://a.example/two": "Basic bWU6cHc=|c=1|t|bytes=5-",
	} {
		body, err := c.GetWith(t.Context(), address, secret, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(body)
		body.Close()
		if string(got) != want {
			t.Errorf("%s: the last server saw %q, want %q", address, got, want)
		}
	}
	if secret.Get("Authorization") != "Bearer s" {
		t.Error("the caller's header was changed")
	}
}

func TestLimits(t *testing.T) {
	slowAfter = 300 * time.Millisecond
	defer func() { slowAfter = 10 * time.Second }()
	c, _ := world(t, two, func(w http.ResponseWriter, r *http.Request) {
		flush := func() { w.(http.Flusher).Flush() }
		switch r.URL.Path {
		case "/announced":
			w.Header().Set("Content-Length", "10000000000")
			flush()
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 1000 {
				z.Write(make([]byte, 1<<16))
			}
			z.Close()
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write([]byte("unpacked"))
			z.Close()
		case "/brotli":
			w.Header().Set("Content-Encoding", "br")
			w.Write([]byte("x"))
		case "/short":
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("only this"))
		case "/stall":
			w.Write([]byte("x"))
			flush()
			<-r.Context().Done()
		case "/drip":
			for r.Context().Err() == nil {
				w.Write([]byte("x"))
				flush()
				time.Sleep(20 * time.Millisecond)
			}
		case "/missing":
			w.WriteHeader(404)
		case "/exact":
			w.Write(make([]byte, 5000))
		}
	})
	for path, want := range map[string]string{
		"/announced": "10000000000 bytes; the limit", "/endless": "more bytes than the limit", "/bomb": "more bytes than the limit",
		"/brotli": "encoded", "/short": "broke off after 9 bytes", "/stall": "sent nothing", "/drip": "slower than", "/missing": "404 Not Found",
	} {
		minRate := int64(1) // a busy machine unpacks slowly
		if path == "/drip" {
			minRate = 1000
		}
		if _, err := all(c, t.Context(), "http://me:secret@a.example"+path+"?token=hush", Limits{Bytes: 5000, MinRate: minRate}); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if got, err := all(c, t.Context(), "http://a.example/exact", Limits{Bytes: 5000}); err != nil || len(got) != 5000 {
		t.Errorf("at the limit: %d, %v", len(got), err)
	}
	if got, err := all(c, t.Context(), "http://a.example/gzip", Limits{}); err != nil || got != "unpacked" {
		t.Errorf("gzip: %q, %v", got, err)
	}
	if _, err := all(c, t.Context(), "http://a.example/drip", Limits{Time: 100 * time.Millisecond, MinRate: 1}); err == nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("time: %v", err)
	}
	began := time.Now()
	if got, err := all(c, t.Context(), "http://a.example/exact", Limits{Rate: 20000}); err != nil || len(got) != 5000 || time.Since(began) < 200*time.Millisecond {
		t.Errorf("rate: %d bytes in %v, %v", len(got), time.Since(began), err)
	}
	var status *StatusError
	if _, err := all(c, t.Context(), "http://a.example/missing", Limits{}); !errors.As(err, &status) || status.Code != 404 {
		t.Errorf("status: %v", err)
	}
}

func TestCancelEndsADownload(t *testing.T) {
	c, _ := world(t, two, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("x"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := all(c, ctx, "http://a.example/", Limits{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestDoFollowsNothing(t *testing.T) {
	hits := 0
	c, _ := world(t, two, func(w http.ResponseWriter, r *http.Request) {
		hits++
		http.Redirect(w, r, "http://b.example/", http.StatusFound)
	})
	r, err := http.NewRequest(http.MethodPost, "http://a.example/hook", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusFound || hits != 1 {
		t.Errorf("status %d after %d requests", response.StatusCode, hits)
	}
}

func TestCheckNeedsNoNetwork(t *testing.T) {
	c := New(false)
	for _, address := range []string{"http://127.0.0.1/hook", "http://[::1]:8080/", "http://169.254.169.254/latest", "http://10.1.2.3/", "ftp://example.com/", "http://0x7f.1/"} {
		if err := c.Check(address); err == nil {
			t.Errorf("Check(%q) lets it pass", address)
		}
	}
	if err := c.Check("https://hooks.example.com/easel"); err != nil {
		t.Errorf("a public name: %v", err)
	}
	if err := New(true).Check("http://127.0.0.1/hook"); err != nil {
		t.Errorf("with private addresses allowed: %v", err)
	}
}
