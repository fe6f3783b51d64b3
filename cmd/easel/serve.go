package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"easel/internal/api"
	"easel/internal/journal"
	"easel/internal/prediction"
	"easel/internal/render"
	"easel/internal/schema"
	"easel/internal/site"
	"easel/views"
)

type serveCommand struct {
	Addr       string        `help:"Address to listen on." default:"127.0.0.1:3000"`
	Name       string        `help:"The model's owner/name, as callers say it." default:"easel/emoji"`
	PublicURL  string        `help:"What callers call this server, such as https://easel.example."`
	OutputURLs string        `name:"output-urls" help:"Pictures in answers: ${enum}." enum:"auto,data,http" default:"auto"`
	Nats       string        `help:"NATS server to keep state on, instead of the embedded one." placeholder:"URL"`
	Grace      time.Duration `help:"What a running prediction gets to finish at a stop." default:"10s"`
	Styleguide bool          `help:"Serve /styleguide too."`
	engineFlags
}

func (c *serveCommand) Run(ctx context.Context) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	s, err := newServer(ctx, c, log)
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Printf("Easel is at %s\n", s.URL())
	return s.Run(ctx)
}

// server is the whole program behind one listener.
type server struct {
	flags    *serveCommand
	log      *slog.Logger
	listener net.Listener
	journal  *journal.Journal
	service  *prediction.Service
	http     *http.Server
	engine   *lazyEngine
}

// newServer listens and opens the journal. The engine is readied by Run, so
// that the page is there at once.
func newServer(ctx context.Context, c *serveCommand, log *slog.Logger) (_ *server, err error) {
	s := &server{flags: c, log: log, engine: newLazyEngine()}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	owner, name, ok := strings.Cut(c.Name, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return nil, fmt.Errorf("--name %q: must be owner/name", c.Name)
	}
	if err := loopbackOnly(c.Addr); err != nil {
		return nil, err
	}
	if s.listener, err = net.Listen("tcp", c.Addr); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", c.Addr, err)
	}
	data, err := c.dataDir()
	if err != nil {
		return nil, err
	}
	if s.journal, err = journal.Open(ctx, journal.Options{Dir: filepath.Join(data, "journal"), URL: c.Nats, Log: log}); err != nil {
		return nil, err
	}
	s.service = prediction.NewService(s.journal.Ports(), prediction.Options{Log: log})
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	if err := s.routes(e, owner, name); err != nil {
		return nil, err
	}
	s.http = &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second}
	return s, nil
}

func (s *server) URL() string { return "http://" + s.listener.Addr().String() }

// Run serves until ctx ends.
func (s *server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error { return s.service.Run(ctx) })
	group.Go(func() error { return s.work(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.flags.Grace)
		defer cancel()
		if err := s.http.Shutdown(stop); err != nil {
			return s.http.Close() // what still hangs on is dropped
		}
		return nil
	})
	return group.Wait()
}

// work readies the engine and draws what comes from the queue.
func (s *server) work(ctx context.Context) error {
	start := time.Now()
	if err := s.engine.open(ctx, s.flags.engineFlags); err != nil {
		return err
	}
	s.log.Info("engine ready", "seconds", time.Since(start).Seconds())
	gen := generator{&render.Renderer{Engine: s.engine, Files: files{s.journal.Ports().Files}, Previews: true}}
	return prediction.NewWorker(s.journal.Ports(), gen, prediction.Options{Log: s.log, Grace: s.flags.Grace}).Run(ctx)
}

// Close ends what newServer opened. Run must have returned.
func (s *server) Close() {
	if s.listener != nil {
		s.listener.Close() // Run closed it already, or there was none
	}
	s.engine.close()
	if s.journal != nil {
		s.journal.Close()
	}
}

func (s *server) routes(e *echo.Echo, owner, name string) error {
	version, err := versionID(s.flags.Dev, s.flags.Schnell)
	if err != nil {
		return err
	}
	a := &api.API{
		Service: s.service,
		Catalogue: api.Catalogue{{
			Owner: owner, Name: name, Version: version, Document: schema.Document(), CreatedAt: time.Now().UTC(),
			Description: "A FLUX.1 model with LoRA, on this machine.",
		}},
		Log: s.log, PublicURL: s.flags.PublicURL, OwnURL: s.URL(), OutputURLs: s.flags.OutputURLs,
	}
	a.Register(e)
	p := &site.Site{
		Model:       views.Model{Owner: owner, Name: name, Version: version},
		Predictions: s.service, Files: s.journal.Ports().Files, PublicURL: s.flags.PublicURL, Dev: s.flags.Styleguide,
	}
	p.Register(e)
	return nil
}

// loopbackOnly refuses addresses that others can reach.
func loopbackOnly(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--addr %q: must be host:port", addr)
	}
	if host == "localhost" {
		return nil
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("--addr %s: others could reach it; only loopback addresses such as 127.0.0.1:3000 can be served yet", addr)
}
