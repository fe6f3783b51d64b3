package api

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// Guard keeps other sites' pages from using a visitor's browser against this
// server.
//
// A page anywhere can make a name of its own lead to 127.0.0.1 (DNS
// rebinding) and is then of the same origin as us, except that the Host header
// still says its name. And it can post a form to us, but the browser then says
// its Origin.
type Guard struct {
	PublicURL string   // its host is one of ours
	Names     []string // further host names of ours
	AnyHost   bool     // tokens guard this server: a rebound name has no cookie
}

// Middleware refuses foreign hosts, and foreign origins where a request
// changes something or opens a socket.
func (g Guard) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if !g.AnyHost && !g.ours(r.Host) {
			return problem(http.StatusMisdirectedRequest, fmt.Sprintf("This server does not answer to the name %q. Start it with --public-url to give it that name.", r.Host))
		}
		if (changes(r.Method) || c.IsWebSocket()) && !g.sameOrigin(r) {
			return problem(http.StatusForbidden, "This request comes from another site's page.")
		}
		return next(c)
	}
}

// ours says whether a Host header names this server. Numbers do: only names
// can be rebound.
func (g Guard) ours(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	if net.ParseIP(name) != nil || name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	if u, err := url.Parse(g.PublicURL); err == nil && u.Hostname() != "" && strings.EqualFold(u.Hostname(), name) {
		return true
	}
	return slices.Contains(g.Names, name)
}

func (g Guard) sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return r.Header.Get("Sec-Fetch-Site") != "cross-site" // no browser, or an honest one
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	if strings.EqualFold(u.Host, r.Host) {
		return true
	}
	public, err := url.Parse(g.PublicURL)
	return err == nil && public.Host != "" && strings.EqualFold(u.Host, public.Host)
}

func changes(method string) bool {
	return !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions, "QUERY"}, method)
}
