package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"easel/internal/api"
	"easel/internal/engine"
	"easel/internal/engine/ort"
	"easel/internal/engine/safety"
	"easel/internal/fetch"
	"easel/internal/journal"
	"easel/internal/prediction"
	"easel/internal/render"
	classifier "easel/models/safety"
)

// workFlags are what whoever draws from a queue needs.
type workFlags struct {
	Nats         string        `help:"NATS server that holds the state, instead of the embedded one." placeholder:"URL"`
	NatsToken    string        `help:"Token for that server, or for who joins at --nats-listen." placeholder:"TOKEN"`
	AllowPrivate bool          `help:"Let callers name addresses in private networks, this machine's own included."`
	Grace        time.Duration `help:"What a running prediction gets to finish at a stop." default:"10s"`
	nameFlag
	safetyFlags
	loraFlags
	engineFlags
}

type nameFlag struct {
	Name string `help:"The model's owner/name, as callers say it." default:"easel/emoji"`
}

type safetyFlags struct {
	SafetyThreshold float64 `help:"Score from which a picture is flagged as not safe for work." default:"0.8"`
	SafetyAlways    bool    `help:"Check every picture and every preview, whatever disable_safety_checker says."`
}

// Validate is kong's: a threshold of 80, meant as a percentage, would flag nothing.
func (f safetyFlags) Validate() error {
	if !(f.SafetyThreshold >= 0 && f.SafetyThreshold <= 1) {
		return fmt.Errorf("--safety-threshold %v: must be between 0 and 1", f.SafetyThreshold)
	}
	return nil
}

// openJournal opens the journal in data; its embedded server takes workers at
// listen, "" for none.
func (f workFlags) openJournal(ctx context.Context, data, listen string, log *slog.Logger) (*journal.Journal, error) {
	return journal.Open(ctx, journal.Options{Dir: filepath.Join(data, "journal"), URL: f.Nats, Listen: listen, Token: f.NatsToken, Log: log})
}

// studio draws what comes from the queue.
type studio struct {
	flags  workFlags
	dirs   modelDirs
	ports  prediction.Ports
	client *fetch.Client
	log    *slog.Logger

	identity render.Identity
	desk     desk
	count    func(prediction.Generator) prediction.Generator // nil: runs are not counted

	mu     sync.Mutex
	state  api.Setup
	device string // "": not known yet
}

func newStudio(flags workFlags, dirs modelDirs, identity render.Identity, ports prediction.Ports, log *slog.Logger) *studio {
	return &studio{
		flags: flags, dirs: dirs, identity: identity, ports: ports, client: fetch.New(flags.AllowPrivate), log: log,
		state: api.Setup{Started: time.Now()},
	}
}

// Run readies the engine and draws until ctx ends.
func (s *studio) Run(ctx context.Context) error {
	tools, err := s.flags.openTools(ctx, s.dirs, s.log)
	s.mu.Lock()
	s.state.Done, s.state.Err, s.state.Completed = err == nil, err, time.Now()
	s.mu.Unlock()
	if err != nil && ctx.Err() != nil {
		return nil // told to stop before it was ready
	}
	if err != nil {
		return err
	}
	defer tools.Close()
	device, passed := tools.engine.Device()
	s.mu.Lock()
	s.device = device
	s.mu.Unlock()
	for _, why := range passed {
		reason, _, _ := strings.Cut(why.Error(), "\n")
		s.log.Info("device", "reason", reason)
	}
	s.log.Info("engine ready", "device", device, "seconds", time.Since(s.state.Started).Seconds())
	data, err := s.flags.dataDir()
	if err != nil {
		return err
	}
	store, err := s.flags.openStore(data, s.dirs.loras(), s.client)
	if err != nil {
		return err
	}
	s.desk.open(tools.engine, store, s.dirs.lora, s.flags.Loras != "")
	var gen prediction.Generator = generator{tools.renderer(files{s.ports.Files, s.client}, store, s.identity, s.flags.safetyFlags), s.identity.Weights}
	if s.count != nil {
		gen = s.count(gen)
	}
	return prediction.NewWorker(s.ports, gen, prediction.Options{Log: s.log, Grace: s.flags.Grace}).Run(ctx)
}

// hardware is what the pictures are drawn on.
func (s *studio) hardware() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(s.device, s.flags.Device)
}

func (s *studio) setup() api.Setup {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// ready is nil once pictures can be drawn.
func (s *studio) ready() error {
	switch state := s.setup(); {
	case state.Err != nil:
		return state.Err
	case !state.Done:
		return errors.New("the engine is being readied")
	}
	return nil
}

// tools are what drawing takes.
type tools struct {
	engine   *engine.Engine
	judge    *safety.Checker
	mainLoRA string
}

// openTools opens them and loads the networks that the first picture needs.
func (f engineFlags) openTools(ctx context.Context, dirs modelDirs, log *slog.Logger) (_ *tools, err error) {
	t := &tools{mainLoRA: dirs.lora}
	defer func() {
		if err != nil {
			t.Close()
		}
	}()
	if t.engine, err = f.open(ctx, dirs, log); err != nil {
		return nil, err
	}
	if t.judge, err = safety.Open(classifier.OpenNSFW, ort.Options{Threads: f.Threads}); err != nil {
		return nil, err
	}
	if err := t.engine.Load(ctx, t.engine.Variants()[0]); err != nil {
		return nil, fmt.Errorf("load the %s variant: %w", t.engine.Variants()[0], err)
	}
	return t, nil
}

func (t *tools) renderer(files render.Files, adapters render.Adapters, identity render.Identity, f safetyFlags) *render.Renderer {
	device, _ := t.engine.Device()
	identity.Runtime, identity.Device = "ONNX Runtime "+ort.Version(), machine(device)
	return &render.Renderer{
		Engine: t.engine, Files: files, Adapters: adapters, MainLoRA: t.mainLoRA, Identity: identity,
		Judge: t.judge, Threshold: f.SafetyThreshold, AlwaysOn: f.SafetyAlways, Previews: true,
	}
}

func (t *tools) Close() {
	if t.engine != nil {
		t.engine.Close()
	}
	t.judge.Close()
}
