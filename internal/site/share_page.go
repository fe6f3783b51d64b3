package site

import (
	"bytes"
	"fmt"
	"image"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
	"easel/internal/prediction/inputfile"
	"easel/internal/schema"
	"easel/internal/share"
	"easel/views"
)

// sharedPage serves GET /s/{token} to anybody: the picture, how it was asked
// for, and the request as code.
func (s *Site) sharedPage(c echo.Context) error {
	ctx := c.Request().Context()
	sh, p, err := s.shared(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	path := "/s/" + sh.Token
	show := views.Shared{Page: s.frame(c, "Shared picture · Easel"), Model: s.Model, Open: "/?share=" + sh.Token, Files: sharedFiles(path, p)}
	show.Inputs, show.Input = s.sharedInputs(c, sh, p)
	show.Prompt = show.Input["prompt"]
	if show.Prompt != "" {
		show.Title = title(p)
	}
	show.About = []views.Fact{{Name: "model", Value: p.Model}, {Name: "version", Value: p.Version}, {Name: "made", Value: p.CreatedAt.Format("2 Jan 2006")}}
	if !sh.ExpiresAt.IsZero() {
		show.About = append(show.About, views.Fact{Name: "link ends", Value: sh.ExpiresAt.Format("2 Jan 2006 15:04 MST")})
	}
	show.Replay = views.Replay{Path: path + "/replay", Allowed: sh.AllowReplay || s.known(c.Request()), Login: "/login?next=" + path}
	show.Code = views.SharedCode(s.base(c), s.Model.Path(), s.Model.CreatePath(), show.Input)
	show.Teaser = s.teaser(c, path, show.Prompt, p)
	return render(c, http.StatusOK, views.SharedPage(show))
}

// frame is the frame of a page that strangers see, and callers too.
func (s *Site) frame(c echo.Context, title string) views.Page {
	p := page(c, title, "")
	p.Guest = !s.known(c.Request())
	p.Leave = s.Access != nil && !p.Guest
	return p
}

// sharedFiles are the pictures under a path of a share.
func sharedFiles(path string, p prediction.Prediction) (files []views.File) {
	for i, f := range views.NewRun(p).Files {
		name := sharedName(i, f.Name)
		files = append(files, views.File{URL: path + "/" + name, Name: name, Seed: f.Seed})
	}
	return files
}

// sharedInputs are the inputs to show, and to run again: with the seed that
// was drawn, and the pictures by their addresses under the share.
func (s *Site) sharedInputs(c echo.Context, sh share.Share, p prediction.Prediction) ([]views.Fact, views.Values) {
	values := views.FromInput(p.Input)
	for _, name := range []string{"image", "mask"} {
		if _, held := inputfile.Parse(values[name]); held {
			values[name] = s.base(c) + "/s/" + sh.Token + "/" + name
		}
	}
	if values["seed"] == "" && len(p.Extra.Seeds) > 0 {
		values["seed"] = strconv.FormatInt(p.Extra.Seeds[0], 10)
	}
	values = shown(sh, values)
	var facts []views.Fact
	for _, f := range schema.Fields() {
		if v, ok := values[f.Name]; ok && f.Name != "prompt" {
			facts = append(facts, views.Fact{Name: f.Name, Value: v, Picture: f.Format == "uri"})
		}
	}
	return facts, values
}

// teaser is what a chat shows of the link. The picture comes as JPEG, which
// every reader of such tags knows.
func (s *Site) teaser(c echo.Context, path, prompt string, p prediction.Prediction) views.Teaser {
	t := views.Teaser{Title: "A picture made with Easel", Description: "Drawn by " + p.Model + " on " + p.CreatedAt.Format("2 Jan 2006") + ".", URL: s.base(c) + path}
	if prompt != "" {
		t.Title = views.Cut(prompt, 120)
	}
	small, err := s.shrunk.of(c.Request().Context(), s.Files, p.Output[0], teaserSide)
	if err != nil {
		return t // the page is worth seeing without it
	}
	if size, _, err := image.DecodeConfig(bytes.NewReader(small)); err == nil {
		t.Image, t.Width, t.Height = s.base(c)+path+"/preview.jpg", strconv.Itoa(size.Width), strconv.Itoa(size.Height)
	}
	return t
}

// replays are the runs that strangers get of one share.
var replays = throttle{every: 5 * time.Minute, burst: 3}

var errReplay = echo.NewHTTPError(http.StatusForbidden, "Log in to run this again: whoever shared it did not allow it to strangers.")

// replay runs a shared prediction again, with the seed that was drawn. That
// the post comes from a page of this server was checked before.
func (s *Site) replay(c echo.Context) error {
	ctx := c.Request().Context()
	sh, p, err := s.shared(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	if known := s.known(c.Request()); !known && !sh.AllowReplay {
		return errReplay
	} else if !known && !replays.allow(sh.Token) {
		return echo.NewHTTPError(http.StatusTooManyRequests, fmt.Sprintf("This was run again often enough for now. Try again in %d minutes.", int(replays.every.Minutes())))
	}
	input, err := seeded(p)
	if err != nil {
		return err
	}
	again, err := s.Predictions.Create(ctx, prediction.New{Model: p.Model, Version: s.Model.Version, Input: input, Source: "web"})
	if err != nil {
		return err
	}
	if _, err := s.Shelf.Change(ctx, sh.Token, func(sh *share.Share) { sh.Replayed(again.ID) }); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/s/"+sh.Token+"/replays/"+again.ID)
}
