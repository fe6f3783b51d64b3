package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// Access lets in who has a token: by header, or in a browser by the cookie
// that Login sets. Without tokens everybody is let in, whatever they send, for
// some clients refuse to start without one.
type Access struct {
	Open []string // further path prefixes that need no token

	tokens  []namedToken
	guesses guesses
}

type namedToken struct {
	name string
	sum  [sha256.Size]byte // sums are of one length, so comparing tells nothing
}

// NewAccess takes tokens by name.
func NewAccess(tokens map[string]string) *Access {
	a := &Access{guesses: newGuesses()}
	for name, token := range tokens {
		a.tokens = append(a.tokens, namedToken{name, sha256.Sum256([]byte(token))})
	}
	return a
}

// Required says whether a token is needed at all.
func (a *Access) Required() bool { return len(a.tokens) > 0 }

// open are paths that need no token: what holds its own capability in the
// address, what a login page is made of, and health.
var open = []string{"/healthz", "/readyz", "/login", "/files/", "/static/", "/s/", "/favicon.ico", "/v1/files/" + streamPrefix}

func (a *Access) isOpen(path string) bool {
	if strings.HasPrefix(path, "/v1/files/") && strings.HasSuffix(path, "/download") {
		return true // signed
	}
	for _, list := range [][]string{open, a.Open} {
		for _, prefix := range list {
			if path == prefix || strings.HasPrefix(path, prefix) && (strings.HasSuffix(prefix, "/") || strings.HasSuffix(prefix, "-")) {
				return true
			}
		}
	}
	return false
}

// Middleware refuses strangers: as JSON under /v1, by way of the login page in
// a browser.
func (a *Access) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if !a.Required() || a.isOpen(r.URL.Path) {
			return next(c)
		}
		name, err := a.caller(r)
		if err != nil {
			if r.Method == http.MethodGet && !isAPI(r.URL.Path) && strings.Contains(r.Header.Get("Accept"), "text/html") {
				return c.Redirect(http.StatusSeeOther, "/login?next="+url.QueryEscape(r.URL.RequestURI()))
			}
			return err
		}
		c.Set(keyCaller, name)
		return next(c)
	}
}

// caller is the name of the token that a request carries.
func (a *Access) caller(r *http.Request) (string, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "Token") {
			return "", errBadToken()
		}
		name, err := a.match(strings.TrimSpace(token))
		return name, a.guesses.judge(r, name, err)
	}
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		return a.session(cookie.Value)
	}
	return "", errNoToken()
}

// match compares with every token, found or not.
func (a *Access) match(token string) (name string, err error) {
	sum := sha256.Sum256([]byte(token))
	err = errBadToken()
	for _, t := range a.tokens {
		if subtle.ConstantTimeCompare(sum[:], t.sum[:]) == 1 {
			name, err = t.name, nil
		}
	}
	return name, err
}

const (
	sessionCookie = "easel_session"
	sessionAge    = 30 * 24 * time.Hour
)

// Login checks a token and gives the browser a cookie for it. The cookie holds
// a proof of the token, not the token, and dies with it. How often somebody may
// try is the form's to bound.
func (a *Access) Login(c echo.Context, token string) error {
	name, err := a.match(token)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(token))
	until := time.Now().Add(sessionAge)
	a.setCookie(c, seal(sum, name, until.Unix()), until)
	return nil
}

// Logout takes the cookie back.
func (a *Access) Logout(c echo.Context) { a.setCookie(c, "", time.Unix(1, 0)) }

func (a *Access) setCookie(c echo.Context, value string, until time.Time) {
	c.SetCookie(&http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", Expires: until,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: c.IsTLS() || c.Request().Header.Get("X-Forwarded-Proto") == "https",
	})
}

// session is the name in a cookie that Login made.
func (a *Access) session(value string) (string, error) {
	encoded, rest, _ := strings.Cut(value, ".")
	expiry, _, _ := strings.Cut(rest, ".")
	name, err := base64.RawURLEncoding.DecodeString(encoded)
	until, err2 := strconv.ParseInt(expiry, 10, 64)
	if err != nil || err2 != nil || time.Now().Unix() > until {
		return "", errBadToken()
	}
	for _, t := range a.tokens {
		if hmac.Equal([]byte(value), []byte(seal(t.sum, string(name), until))) && t.name == string(name) {
			return t.name, nil
		}
	}
	return "", errBadToken()
}

// seal is "name.expiry.HMAC-SHA256(token's sum, name.expiry)".
func seal(key [sha256.Size]byte, name string, until int64) string {
	text := fmt.Sprintf("%s.%d", base64.RawURLEncoding.EncodeToString([]byte(name)), until)
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
