package site

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"easel/views"
)

// Access lets people in who have a token.
type Access interface {
	Login(c echo.Context, token string) error // sets a cookie
	Logout(c echo.Context)
	Known(r *http.Request) bool // this visitor is in
}

// login serves GET /login, where a browser without a cookie is sent.
func (s *Site) login(c echo.Context) error {
	return s.askToken(c, http.StatusOK, c.QueryParam("next"), "")
}

// signIn serves POST /login.
func (s *Site) signIn(c echo.Context) error {
	c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, maxLogin) // beyond it the form is empty
	next := c.FormValue("next")
	if !logins.allow(c.RealIP()) {
		return s.askToken(c, http.StatusTooManyRequests, next, "Too many tries. Wait a moment.")
	}
	if err := s.Access.Login(c, strings.TrimSpace(c.FormValue("token"))); err != nil {
		return s.askToken(c, http.StatusUnauthorized, next, "That is none of this server's tokens.")
	}
	return c.Redirect(http.StatusSeeOther, ownPath(next))
}

// logins are the tries that one address gets: a guess is worth nothing then.
var logins = throttle{every: 3 * time.Second, burst: 20}

const maxLogin = 64 << 10 // bytes of a form that strangers may post

// signOut serves POST /logout.
func (s *Site) signOut(c echo.Context) error {
	s.Access.Logout(c)
	return c.Redirect(http.StatusSeeOther, "/login")
}

func (s *Site) askToken(c echo.Context, status int, next, wrong string) error {
	return render(c, status, views.LoginPage(views.Login{Page: guest(c, "Sign in · Easel"), Next: ownPath(next), Error: wrong}))
}

// ownPath keeps a visitor here: browsers take //host and /\host for other sites.
func ownPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

// known says whether a visitor may do what callers may.
func (s *Site) known(r *http.Request) bool { return s.Access == nil || s.Access.Known(r) }

// guest is the frame of a page that strangers see: nothing leads further in.
func guest(c echo.Context, title string) views.Page {
	p := page(c, title, "")
	p.Guest = true
	return p
}
