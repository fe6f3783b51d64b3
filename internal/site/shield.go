package site

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
)

// policy lets a page load what this server serves and nothing else: no inline
// script, no inline style, no other host, no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; " +
	"img-src 'self' data: blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Shield sets the security headers of a page and refuses posts that another
// site sent through a visitor's browser.
func Shield(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if !SameOrigin(c.Request()) {
			return echo.NewHTTPError(http.StatusForbidden, "This form was sent from another site.")
		}
		return next(c)
	}
}

// SameOrigin says whether a request that changes something comes from a page
// of this server. Every browser that is still in use says where a post comes
// from; a program that says nothing rides on no visitor's session.
func SameOrigin(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}
