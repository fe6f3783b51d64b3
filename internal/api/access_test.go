package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

func newGuarded(t *testing.T, access *Access, guard Guard) *world {
	t.Helper()
	e := echo.New()
	Front{Log: quietLog(), Metrics: NewMetrics(), Access: access, Guard: guard}.Mount(e)
	name := func(c echo.Context) error { return c.String(200, "hello "+callerOf(c)) }
	for _, path := range []string{"/", "/v1/account", "/healthz", "/files/a/b", "/v1/files/strm-x", "/v1/files/x/download", "/metrics", "/filesystem"} {
		e.Any(path, name)
	}
	e.POST("/login", func(c echo.Context) error {
		if err := access.Login(c, c.FormValue("token")); err != nil {
			return err
		}
		return c.NoContent(204)
	})
	return &world{t: t, agent: "test", base: listenAndServe(t, e)}
}

func TestAccess(t *testing.T) {
	w := newGuarded(t, NewAccess(map[string]string{"anna": "sesame", "bob": "walnut"}), Guard{})
	w.do(t, "GET", "/", "").is(401)
	w.do(t, "GET", "/metrics", "").is(401)
	w.do(t, "GET", "/filesystem", "").is(401)
	r := w.do(t, "GET", "/", "", "Accept", "text/html,*/*").is(303)
	if to := r.header.Get("Location"); to != "/login?next=%2F" {
		t.Errorf("sent to %q", to)
	}
	for _, path := range []string{"/healthz", "/files/a/b", "/v1/files/strm-x", "/v1/files/x/download"} {
		w.do(t, "GET", path, "").is(200)
	}
	w.do(t, "GET", "/v1/account", "", "Authorization", "Bearer walnut").is(200).exactly("hello token bob")
	w.do(t, "POST", "/login", "token=guess", "Content-Type", "application/x-www-form-urlencoded").is(401)

	res, err := http.Post(w.base+"/login", "application/x-www-form-urlencoded", strings.NewReader("token=sesame"))
	if err != nil || len(res.Cookies()) != 1 {
		t.Fatal(err, res.Cookies())
	}
	cookie := res.Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || strings.Contains(cookie.Value, "sesame") {
		t.Errorf("%v", cookie)
	}
	w.do(t, "GET", "/", "", "Cookie", cookie.Name+"="+cookie.Value).is(200).exactly("hello token anna")
	for _, forged := range []string{"", "x", cookie.Value + "x", strings.Replace(cookie.Value, ".", ".9", 1), "Ym9i" + cookie.Value[strings.Index(cookie.Value, "."):]} {
		w.do(t, "GET", "/", "", "Cookie", cookie.Name+"="+forged).is(401)
	}
	if NewAccess(nil).Required() {
		t.Error("nobody asked for tokens")
	}
}

func TestGuessingIsSlow(t *testing.T) {
	w := newGuarded(t, NewAccess(map[string]string{"anna": "sesame", "bert": "poppy"}), Guard{})
	ask := func(token string) reply {
		return w.do(t, "GET", "/v1/account", "", "Authorization", "Bearer "+token)
	}
	ask("sesame").is(200)
	for range guessesAMinute {
		ask("guess").is(401)
	}
	ask("guess").is(429)
	ask("poppy").is(429)  // a right guess looks like a wrong one
	ask("sesame").is(200) // who shares the address stays in
	w.do(t, "GET", "/v1/account", "").is(401)
}

func TestNetwork(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:1234": "192.0.2.7/32", "[::ffff:192.0.2.7]:1": "192.0.2.7/32", "[2001:db8::1:2:3:4]:80": "2001:db8::/64",
		"[2001:db8:0:0:9::1]:81": "2001:db8::/64", "[fe80::1%eth0]:1": "fe80::/64", "@": "@", "": "",
	} {
		if got := network(remote); got != want {
			t.Errorf("%q: %q, want %q", remote, got, want)
		}
	}
}

// An IPv6 network has one share of what strangers may do, in every limit.
func TestCallersOfOneNetwork(t *testing.T) {
	e := echo.New()
	Front{Log: quietLog(), Metrics: NewMetrics()}.Mount(e)
	for _, remote := range []string{"[2001:db8::1]:80", "[2001:db8::2:1]:81"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "192.0.2.1")
		if got := e.NewContext(r, nil).RealIP(); got != "2001:db8::/64" {
			t.Errorf("%s counts as %s", remote, got)
		}
	}
}

func TestGuard(t *testing.T) {
	w := newGuarded(t, NewAccess(nil), Guard{PublicURL: "https://easel.example", Names: []string{"box"}})
	ask := func(method, host string, headers ...string) int {
		r, _ := http.NewRequest(method, w.base+"/v1/account", nil)
		if host != "" {
			r.Host = host
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for _, host := range []string{"", "localhost:3000", "easel.example", "EASEL.example:443", "box:3000", "[::1]:3000", "192.168.1.5"} {
		if got := ask("GET", host); got != 200 {
			t.Errorf("host %q: %d", host, got)
		}
	}
	for _, host := range []string{"evil.example", "evil.example:3000", "localhost.evil.example", "easel.example.evil.example"} {
		if got := ask("GET", host); got != 421 {
			t.Errorf("host %q: %d", host, got)
		}
	}
	for _, c := range []struct {
		header, value string
		want          int
	}{
		{"Origin", "https://evil.example", 403}, {"Origin", "null", 403}, {"Origin", w.base, 200}, {"Origin", "https://easel.example", 200},
		{"Sec-Fetch-Site", "cross-site", 403}, {"Sec-Fetch-Site", "same-origin", 200},
	} {
		if got := ask("POST", "", c.header, c.value); got != c.want {
			t.Errorf("%s %s: %d, want %d", c.header, c.value, got, c.want)
		}
	}
	if got := ask("GET", "", "Origin", "https://evil.example"); got != 200 {
		t.Errorf("a plain GET: %d", got)
	}
	if got := ask("GET", "", "Origin", "https://evil.example", "Connection", "Upgrade", "Upgrade", "websocket"); got != 403 {
		t.Errorf("a socket from elsewhere: %d", got)
	}
}

func TestSessionEnds(t *testing.T) {
	a := NewAccess(map[string]string{"anna": "sesame"})
	if _, err := a.session(seal(a.tokens[0].sum, "anna", time.Now().Add(-time.Second).Unix())); err == nil {
		t.Error("an old session is let in")
	}
	if name, err := a.session(seal(a.tokens[0].sum, "anna", time.Now().Add(time.Hour).Unix())); name != "anna" || err != nil {
		t.Error(name, err)
	}
}
