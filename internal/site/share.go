package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/picture"
	"easel/internal/prediction"
	"easel/internal/schema"
	"easel/internal/share"
	"easel/views"
)

// registerShares adds what owners do with shares, and what strangers see.
func (s *Site) registerShares(pages *echo.Group) {
	pages.GET("/p/:id/share", s.sharing, Shield)
	pages.POST("/p/:id/share", s.openShare, Shield)
	pages.POST("/p/:id/share/:token/revoke", s.revokeShare, Shield)

	pages.GET("/s/:token", s.sharedPage, Shield)
	pages.POST("/s/:token/replay", s.replay, Shield)
	pages.GET("/s/:token/replays/:id", s.replayed, Shield)
	for _, files := range []struct {
		path  string
		serve echo.HandlerFunc
	}{{"/s/:token/:file", s.sharedFile}, {"/s/:token/replays/:id/:file", s.replayedFile}} {
		pages.GET(files.path, files.serve, Shield)
		pages.HEAD(files.path, files.serve, Shield)
	}
}

// lives are the ends that a share may be given.
var lives = map[string]time.Duration{"": 0, "1h": time.Hour, "1d": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "30d": 30 * 24 * time.Hour}

// sharing shows the links to a prediction and makes a new one.
func (s *Site) sharing(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := s.Predictions.Get(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	links, err := s.Shelf.Of(ctx, p.ID)
	if err != nil {
		return err
	}
	values := views.FromInput(p.Input)
	show := views.Sharing{
		Page: page(c, "Share · Easel", ""), Card: views.Card{Run: views.NewRun(p)},
		FromPicture: values["image"] != "" || values["mask"] != "",
	}
	now := time.Now()
	for _, sh := range links {
		show.Links = append(show.Links, views.Link{
			URL: s.base(c) + "/s/" + sh.Token, Revoke: "/p/" + p.ID + "/share/" + sh.Token + "/revoke",
			Open: sh.State(now) == share.Open, Says: views.Says(sh.HidePrompt, sh.HideImage, sh.AllowReplay, string(sh.State(now)), sh.ExpiresAt),
		})
	}
	return render(c, http.StatusOK, views.SharingPage(show))
}

// openShare makes a link as the form says. Nothing is shared before.
func (s *Site) openShare(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := s.Predictions.Get(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if len(p.Output) == 0 {
		return echo.NewHTTPError(http.StatusUnprocessableEntity, "There is no picture to share.")
	}
	life, known := lives[c.FormValue("life")]
	if !known {
		return echo.NewHTTPError(http.StatusUnprocessableEntity, "life must be 1h, 1d, 7d, 30d or empty.")
	}
	sh := share.New(p.ID, time.Now(), life)
	sh.HidePrompt, sh.HideImage, sh.AllowReplay = ticked(c, "hide_prompt"), ticked(c, "hide_image"), ticked(c, "allow_replay")
	if err := s.Shelf.Add(ctx, sh); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/p/"+p.ID+"/share")
}

func ticked(c echo.Context, name string) bool { return c.FormValue(name) != "" }

func (s *Site) revokeShare(c echo.Context) error {
	ctx := c.Request().Context()
	sh, err := s.Shelf.Get(ctx, c.Param("token"))
	if err == nil && sh.Prediction != c.Param("id") {
		err = prediction.ErrNotFound
	}
	if err != nil {
		return err
	}
	if _, err := s.Shelf.Change(ctx, sh.Token, func(sh *share.Share) {
		if sh.RevokedAt.IsZero() {
			sh.RevokedAt = time.Now().UTC().Truncate(time.Second)
		}
	}); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/p/"+sh.Prediction+"/share")
}

// shared is an open share and its prediction; all that strangers see comes
// through here.
func (s *Site) shared(ctx context.Context, token string) (share.Share, prediction.Prediction, error) {
	sh, err := s.Shelf.Get(ctx, token)
	if err != nil {
		return sh, prediction.Prediction{}, err
	}
	if state := sh.State(time.Now()); state != share.Open {
		return sh, prediction.Prediction{}, gone(fmt.Sprintf("This link was %s.", map[share.State]string{share.Expired: "made for a time that has passed", share.Revoked: "taken back by whoever made it"}[state]))
	}
	p, err := s.Predictions.Get(ctx, sh.Prediction)
	if errors.Is(err, prediction.ErrNotFound) || err == nil && len(p.Output) == 0 {
		return sh, p, gone("The picture that this link led to was deleted.")
	}
	return sh, p, err
}

func gone(why string) error { return echo.NewHTTPError(http.StatusGone, why) }

// shown are the inputs that strangers may read: not those that the share
// hides, no passwords, and of addresses only what names the thing.
func shown(sh share.Share, values views.Values) views.Values {
	open := views.Values{}
	for _, f := range schema.Fields() {
		v, given := values[f.Name]
		if !given || sh.Hides(f.Name) || f.Format == "password" {
			continue
		}
		if f.Name != "prompt" {
			v = picture.CleanAddress(v)
		}
		open[f.Name] = v
	}
	return open
}
