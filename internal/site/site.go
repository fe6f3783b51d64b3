// Package site serves the pages a person sees: the playground, the page of
// each prediction, the history, and the assets. All of it works without
// script; what the script adds talks to the API.
//
// One file holds one page. Register is the whole table of routes.
package site

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/prediction/inputfile"
	"easel/internal/share"
	"easel/static"
	"easel/views"
)

// Predictions is what the pages do with predictions.
type Predictions interface {
	Create(ctx context.Context, n prediction.New) (prediction.Prediction, error)
	Get(ctx context.Context, id string) (prediction.Prediction, error)
	List(ctx context.Context, q prediction.Query) (prediction.Page, error)
	Cancel(ctx context.Context, id string) (prediction.Prediction, error)
}

// Shelf keeps shares, stars and the bin.
type Shelf interface {
	share.Shares
	share.Marks
}

// Site is the pages. Its fields are its needs; set them, then Register.
type Site struct {
	Model       views.Model
	Predictions Predictions
	Files       prediction.Files
	Access      Access // nil: everybody is let in, and there is no login
	Desk        Desk   // nil: the form tells neither tokens nor LoRA files
	Fetch       Fetch  // nil: no picture of another host can be painted on
	Shelf       Shelf
	Bin         share.Bin
	PublicURL   string // what visitors call this server; "": as the request says
	Dev         bool   // serves /styleguide too

	hooks  hooks
	shrunk *shrinker
}

// Register adds the pages' routes.
func (s *Site) Register(e *echo.Echo) {
	s.shrunk = newShrinker()
	pages := e.Group("") // Shield stands with each route: a group's own answers 404 where a method is wrong
	pages.GET("/", s.playground, Shield)
	pages.POST("/", s.run, Shield)
	pages.GET("/p/:id", s.result, Shield)
	pages.POST("/p/:id/cancel", s.cancel, Shield)
	pages.GET("/history", s.history, Shield)
	pages.GET("/api", s.apiPage, Shield)
	pages.POST("/api/examples", s.drawExamples, Shield)
	pages.POST(HooksPath, s.makeHook, Shield)
	pages.GET(HooksPath+"/:token", s.showHook, Shield)
	pages.POST(HooksPath+"/:token", s.takeHook, Shield)
	pages.GET("/compare", s.compare, Shield)
	pages.POST("/history", s.change, Shield)
	pages.GET("/thumbs/:token/:name", s.thumbnail, Shield)
	s.registerShares(pages)
	if s.Desk == nil {
		s.Desk = noDesk{}
	}
	pages.GET("/tokens", s.tokens, Shield)
	pages.POST("/recipe", s.recipe, Shield)
	pages.POST("/picture", s.elsewhere, Shield)
	pages.GET("/loras", s.listLoRAs, Shield)
	pages.GET("/loras/:name", s.loraCard, Shield)
	pages.POST("/loras/:name", s.addLoRA, Shield)
	if s.Access != nil {
		pages.GET("/login", s.login, Shield)
		pages.POST("/login", s.signIn, Shield)
		pages.POST("/logout", s.signOut, Shield)
	}
	if s.Dev {
		pages.GET("/styleguide", s.styleguide, Shield)
	}
	assets := echo.WrapHandler(static.Handler())
	pages.GET(static.Prefix+"*", assets, Shield)
	pages.HEAD(static.Prefix+"*", assets, Shield)
	pages.GET("/favicon.ico", func(c echo.Context) error {
		return c.Redirect(http.StatusFound, static.URL("favicon.svg"))
	}, Shield)
}

// render writes a page only once all of it is there, so that an error half way
// through never leaves half a page.
func render(c echo.Context, status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(c.Request().Context(), &b); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store") // a page tells what is so now
	h.Add("Vary", "Accept-Encoding")
	if !strings.Contains(c.Request().Header.Get("Accept-Encoding"), "gzip") {
		return c.HTMLBlob(status, b.Bytes())
	}
	h.Set("Content-Encoding", "gzip")
	h.Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	c.Response().WriteHeader(status)
	packed := gzip.NewWriter(c.Response())
	if _, err := packed.Write(b.Bytes()); err != nil {
		return err
	}
	return packed.Close()
}

// page is the frame of a page for this visitor.
func page(c echo.Context, title, section string) views.Page {
	p := views.Page{Title: title, Section: section}
	if cookie, err := c.Cookie("theme"); err == nil && (cookie.Value == "dark" || cookie.Value == "light") {
		p.Theme = cookie.Value
	}
	p.Leave = c.Get("caller") != nil // the name of their token
	return p
}

// base is this server's address as the visitor knows it, without a slash at the end.
func (s *Site) base(c echo.Context) string {
	if s.PublicURL != "" {
		return strings.TrimRight(s.PublicURL, "/")
	}
	return c.Scheme() + "://" + c.Request().Host
}

// values are a prediction's inputs as the form shows them. A picture that came
// as a file is named by its address here, which the API knows as the file.
func (s *Site) values(c echo.Context, p prediction.Prediction) views.Values {
	values := views.FromInput(p.Input)
	for name, v := range values {
		if ref, ok := inputfile.Parse(v); ok {
			values[name] = s.base(c) + "/files/" + ref.Token + "/" + name
		}
	}
	return values
}
