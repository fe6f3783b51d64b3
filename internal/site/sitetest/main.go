// Sitetest is the real server with a scripted generator in place of the
// engine, so that a browser test can bring the pages into every state fast.
//
//	go run ./internal/site/sitetest -addr 127.0.0.1:3001 -step 60ms
//
// A prompt that starts with "fail" fails.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/api"
	"easel/internal/fetch"
	"easel/internal/journal"
	"easel/internal/prediction"
	"easel/internal/schema"
	"easel/internal/share"
	"easel/internal/site"
	"easel/views"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "sitetest:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	addr := flag.String("addr", "127.0.0.1:3001", "where to listen")
	step := flag.Duration("step", 60*time.Millisecond, "how long a step takes")
	kept := flag.String("dir", "", "where the state is kept; empty: nowhere beyond the end")
	token := flag.String("token", "", "ask for this token")
	flag.Parse()

	dir := *kept
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "sitetest-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	j, err := journal.Open(ctx, journal.Options{Dir: dir, Log: log})
	if err != nil {
		return err
	}
	defer j.Close()
	shelf, err := j.Shelf(ctx)
	if err != nil {
		return err
	}
	service := prediction.NewService(j.Ports(), prediction.Options{Log: log})
	go service.Run(ctx)
	bin := share.Bin{Marks: shelf, Predictions: service, Log: log}
	go bin.Run(ctx)
	go prediction.NewWorker(j.Ports(), script{*step}, prediction.Options{Log: log}).Run(ctx)

	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Println("http://" + listener.Addr().String())
	server := api.NewServer(pages(service, shelf, bin, *token, log), log)
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

func pages(service *prediction.Service, shelf site.Shelf, bin share.Bin, token string, log *slog.Logger) *echo.Echo {
	version := strings.Repeat("0", 64)
	a := &api.API{Service: service, Log: log, Metrics: api.NewMetrics(), Secret: []byte("test"),
		Catalogue: api.Catalogue{{Owner: "easel", Name: "emoji", Version: version, Document: schema.Document()}}}
	s := &site.Site{Predictions: service, Files: service.Files(), Desk: &desk{names: []string{"crayon"}}, Shelf: shelf, Bin: bin, Dev: true, Fetch: fetched, Model: views.Model{
		Owner: "easel", Name: "emoji", Version: version,
		Description: "A small FLUX.1 model that draws emoji, trained for Easel. It runs on any laptop’s CPU.",
		Facts:       []string{"FLUX.1 architecture", "dev & schnell", "CPU"},
		Examples:    []string{"a cat with sunglasses", "a slice of watermelon", "an astronaut fox", "a red mushroom house"},
	}}
	access := api.NewAccess(nil)
	if token != "" {
		access = api.NewAccess(map[string]string{"test": token})
		s.Access = access
	}
	e := echo.New()
	api.Front{Log: log, Metrics: a.Metrics, Access: access, ErrorPage: func(c echo.Context, p *api.Problem) error {
		return s.ErrorPage(c, p.Status, p.Detail)
	}}.Mount(e)
	a.Register(e)
	s.Register(e)
	return e
}

func fetched(ctx context.Context, address string, limit int64) ([]byte, error) {
	body, err := fetch.New(true).Get(ctx, address, fetch.Limits{Bytes: limit})
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

// script draws a picture that its seed and size decide, out of noise.
type script struct{ step time.Duration }

func (s script) Generate(ctx context.Context, p prediction.Prediction, sink prediction.Sink) (prediction.Extra, error) {
	in, err := schema.Parse(p.Input)
	if err != nil {
		return prediction.Extra{}, err
	}
	if strings.HasPrefix(in.Prompt, "fail") {
		return prediction.Extra{}, errors.New("the prompt asked for a failure")
	}
	width, height := schema.Size(in)
	seed := int64(1)
	if in.Seed != nil {
		seed = *in.Seed
	}
	extra := prediction.Extra{Timings: &prediction.Timings{Text: 0.02}}
	if in.OutputFormat != "png" {
		extra.Warnings = []string{"output_format ignored: the script draws png"}
	}
	for k := range in.NumOutputs {
		for n := 1; n <= in.NumInferenceSteps; n++ {
			select {
			case <-ctx.Done():
				return extra, context.Cause(ctx)
			case <-time.After(s.step):
			}
			seen := preview(width/4, height/4, seed, float64(n)/float64(in.NumInferenceSteps))
			sink.Step(k, n, in.NumInferenceSteps, s.step.Seconds())
			sink.Preview(k, n, seen)
		}
		extra.Seeds = append(extra.Seeds, seed)
		if err := sink.Picture(k, seed, fmt.Sprintf("out-%d.png", k), "image/png", picture(width, height, seed)); err != nil {
			return extra, err
		}
		seed++
	}
	return extra, nil
}
