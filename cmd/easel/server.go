package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"easel/internal/api"
	"easel/internal/fetch"
	"easel/internal/journal"
	"easel/internal/prediction"
	"easel/internal/site"
	"easel/internal/webhook"
)

// server is the whole program behind its listeners.
type server struct {
	flags   *serveCommand
	log     *slog.Logger
	model   api.Model
	journal *journal.Journal
	shelf   *journal.Shelf
	service *prediction.Service
	studio  *studio
	fronts  []front
	senders []*webhook.Sender
	stop    context.CancelFunc // ends Run
}

// front is a listener with what answers on it.
type front struct {
	listener net.Listener
	http     *http.Server
}

// newServer listens first, so that a taken port is an ordinary error, and
// opens the journal. The engine is readied by Run, while the page is there already.
func newServer(ctx context.Context, c *serveCommand, log *slog.Logger) (_ *server, err error) {
	s := &server{flags: c, log: log}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	owner, name, err := c.check()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", c.Addr, err)
	}
	s.fronts = append(s.fronts, front{listener: listener})
	data, err := c.dataDir()
	if err != nil {
		return nil, err
	}
	var dirs modelDirs
	var opening errgroup.Group // the two have nothing to do with each other, and a start should be short
	opening.Go(func() (err error) {
		if s.journal, err = c.openJournal(ctx, data, c.NatsListen, log); err == nil {
			s.shelf, err = s.journal.Shelf(ctx)
		}
		return err
	})
	opening.Go(func() (err error) {
		if dirs, err = c.models(); err == nil {
			s.model, err = describe(owner, name, dirs)
		}
		return err
	})
	if err := opening.Wait(); err != nil {
		return nil, err
	}
	s.model.Aliases = c.Alias
	client := fetch.New(c.AllowPrivate)
	s.service = prediction.NewService(s.journal.Ports(), prediction.Options{
		Log:       log,
		Retention: prediction.Retention{Data: c.Keep, DataBytes: c.KeepBytes, History: c.KeepRecord, HistoryBytes: c.KeepRecordBytes},
	})
	s.studio = newStudio(c.workFlags, dirs, identity(c.Name, s.model.Version), s.journal.Ports(), log)
	handler, err := s.site(data, client)
	if err != nil {
		return nil, err
	}
	s.fronts[0].http = api.NewServer(handler, log)
	return s, s.cog(client)
}

// site is everything at --addr.
func (s *server) site(data string, client *fetch.Client) (http.Handler, error) {
	secret, err := webhook.LoadSecret(filepath.Join(data, "webhook-secret"))
	if err != nil {
		return nil, err
	}
	tokens, err := tokensByName(s.flags.Token)
	if err != nil {
		return nil, err
	}
	access := api.NewAccess(tokens)
	access.Open = []string{site.HooksPath + "/"} // each test address is its own capability
	pages := s.pages()
	pages.Fetch = func(ctx context.Context, address string, limit int64) ([]byte, error) {
		return fetched(ctx, client, "image", address, limit)
	}
	if access.Required() {
		pages.Access = access
	}
	a := &api.API{
		Service: s.service, Catalogue: api.Catalogue{s.model}, Metrics: api.NewMetrics(), Log: s.log,
		PublicURL: s.flags.PublicURL, OwnURL: s.URL(), OutputURLs: s.flags.OutputURLs,
		Secret: secret, WebhookSecret: secret.String(),
		Limits: api.NewLimits(s.flags.Rate, 5*s.flags.Rate), Ready: s.ready,
		Hardware: s.studio.hardware, CheckWebhook: pages.CheckWebhook(client.Check),
	}
	s.studio.count = a.Metrics.Runs
	sender := &webhook.Sender{
		Predictions: s.service, Body: a.WebhookBody, Client: pages.Deliver(client), Secret: secret,
		Dir: filepath.Join(data, "webhooks"), Every: webhook.Throttle, Retries: webhook.Minute, Log: s.log,
	}
	if err := sender.Start(); err != nil {
		return nil, err
	}
	s.senders = append(s.senders, sender)
	a.Webhooks = sender
	e := echo.New()
	api.Front{
		Log: s.log, Metrics: a.Metrics, Access: access,
		Guard: api.Guard{PublicURL: s.flags.PublicURL, AnyHost: access.Required()},
		ErrorPage: func(c echo.Context, p *api.Problem) error {
			return pages.ErrorPage(c, p.Status, p.Detail)
		},
	}.Mount(e)
	a.Register(e)
	pages.Register(e)
	return e, nil
}

// cog opens the second front, where one is asked for.
func (s *server) cog(client *fetch.Client) error {
	if s.flags.Cog == "" {
		return nil
	}
	listener, err := net.Listen("tcp", s.flags.Cog)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.flags.Cog, err)
	}
	g := &api.Cog{Service: s.service, Model: s.model, Log: s.log, Setup: s.studio.setup}
	if s.flags.CogShutdown {
		g.Shutdown = func() { s.stop() }
	}
	sender := &webhook.Sender{Predictions: s.service, Body: g.WebhookBody, Client: client, Retries: webhook.Minute, Log: s.log}
	if err := sender.Start(); err != nil {
		listener.Close()
		return err
	}
	s.senders = append(s.senders, sender)
	g.Webhooks = sender
	e := echo.New()
	api.Front{Log: s.log, Access: api.NewAccess(nil), Metrics: api.NewMetrics()}.Mount(e)
	g.Register(e)
	s.fronts = append(s.fronts, front{listener, api.NewServer(e, s.log)})
	return nil
}

// ready is nil once predictions can be taken and drawn.
func (s *server) ready() error { return cmp.Or(s.studio.ready(), s.journal.Check()) }

// URL is where the page is.
func (s *server) URL() string { return "http://" + s.fronts[0].listener.Addr().String() }

// Run serves until ctx ends.
func (s *server) Run(ctx context.Context) error {
	ctx, s.stop = context.WithCancel(ctx)
	defer s.stop()
	group, ctx := errgroup.WithContext(ctx)
	drawn := make(chan struct{}) // closed once nothing is drawn any more
	for _, f := range s.fronts {
		group.Go(func() error {
			if err := f.http.Serve(f.listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		group.Go(func() error {
			<-ctx.Done()
			<-drawn // until then a caller may still get the answer it waits for
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
			defer cancel()
			if err := f.http.Shutdown(stop); err != nil {
				return f.http.Close()
			}
			return nil
		})
	}
	group.Go(func() error { return s.service.Run(ctx) })
	group.Go(func() error { return s.bin().Run(ctx) })
	group.Go(func() error {
		defer close(drawn)
		return s.studio.Run(ctx)
	})
	return group.Wait()
}

// Close ends what newServer opened; Run must have returned.
func (s *server) Close() {
	for _, f := range s.fronts {
		f.listener.Close() // Run closed it already, or there was none
	}
	for _, sender := range s.senders {
		sender.Stop()
	}
	if s.journal != nil {
		s.journal.Close()
	}
}
