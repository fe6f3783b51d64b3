package engine

import (
	"context"
	"errors"
	"fmt"

	"easel/internal/engine/ort"
)

// The variants of a model.
const (
	Dev     = "dev"
	Schnell = "schnell"
)

// ErrNotInstalled is met by a request for a variant that the engine was opened without.
var ErrNotInstalled = errors.New("not installed")

// ErrClosed is met by a request that comes after Close.
var ErrClosed = errors.New("the engine is closed")

// Options say what an engine runs and on what.
type Options struct {
	Dev     string // folder of the dev variant in diffusers layout; empty: not installed
	Schnell string // the same for schnell; components that it lacks are dev's
	Device  string // cpu (or empty), webgpu, cuda, or auto: the first of cuda, webgpu and cpu that works
	Threads int    // 0: as many as the process may use
	Library string // of ONNX Runtime; empty: it is searched for
	Memory  int64  // bytes that loaded weights may hold; 0: any number
	Cache   string // folder for rounded weights and fitted preview maps; empty: the user's cache folder
	Bits    int    // of rounded weights: 8, or 4: half the memory, less exact; 0: 4 where 8 bits do not fit Memory

	// Rounding, if given, is told how far the rounding of a variant's weights
	// is, in bytes: it takes minutes the first time.
	Rounding func(variant string, done, total int64)
}

// Engine draws pictures. It runs one request at a time; others wait for it.
type Engine struct {
	sessions ort.Options
	passed   []error // devices that auto did not take, and why
	variants map[string]*variant
	turn     chan struct{} // held by the run that uses what follows
	closed   bool
	shelf    shelf
	texts    texts
	files    adapterFiles
	cache    string
	bits     int
	rounding func(variant string, done, total int64)
}

// Open reads the model directories. What is missing or wrong in them is listed
// in one error. Networks are loaded when they are first needed; see Load.
func Open(ctx context.Context, o Options) (*Engine, error) {
	if o.Dev == "" && o.Schnell == "" {
		return nil, errors.New("open engine: neither a dev nor a schnell folder is given")
	}
	if o.Threads < 0 || o.Memory < 0 {
		return nil, fmt.Errorf("open engine: threads %d and memory %d must not be below 0", o.Threads, o.Memory)
	}
	if o.Bits != 0 && o.Bits != 4 && o.Bits != 8 {
		return nil, fmt.Errorf("open engine: bits %d: must be 4 or 8", o.Bits)
	}
	device, err := ort.ParseDevice(o.Device)
	if err != nil {
		return nil, err
	}
	if err := ort.Init(o.Library); err != nil {
		return nil, err
	}
	device, passed := ort.Choose(ctx, device)
	e := &Engine{
		sessions: ort.Options{Device: device, Threads: o.Threads},
		passed:   passed,
		variants: map[string]*variant{},
		turn:     make(chan struct{}, 1),
		shelf:    shelf{limit: o.Memory},
		cache:    o.Cache,
		bits:     o.Bits,
		rounding: o.Rounding,
	}
	var errs []error
	var base layout
	for _, given := range []struct{ name, dir string }{{Dev, o.Dev}, {Schnell, o.Schnell}} {
		if given.dir == "" {
			continue
		}
		parts, err := readLayout(given.dir, base)
		errs = append(errs, err)
		if parts != nil {
			base = parts // dev comes first
			e.variants[given.name], err = readVariant(given.name, parts)
			errs = append(errs, err)
		}
	}
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return nil, fmt.Errorf("open model:\n%w", err)
	}
	return e, nil
}

// Variants lists what is installed.
func (e *Engine) Variants() []string {
	var names []string
	for _, name := range []string{Dev, Schnell} {
		if e.variants[name] != nil {
			names = append(names, name)
		}
	}
	return names
}

// Device is what the engine computes on, and why auto took no better one.
func (e *Engine) Device() (name string, passed []error) {
	return string(e.sessions.Device), e.passed
}

func (e *Engine) variant(name string) (*variant, error) {
	if v := e.variants[name]; v != nil {
		return v, nil
	}
	return nil, fmt.Errorf("model %q: %w", name, ErrNotInstalled)
}

// Load readies what a text-to-image run of the variant needs, so that its first
// run need not: it rounds the weights that do not fit the memory otherwise, and
// loads networks for as long as there is room.
func (e *Engine) Load(ctx context.Context, name string) error {
	v, err := e.variant(name)
	if err != nil {
		return err
	}
	if err := e.enter(ctx); err != nil {
		return err
	}
	defer e.leave()
	f, _ := e.form(v, false)
	if err := e.round(ctx, v, f); err != nil {
		return err
	}
	t5Bytes, transformerBytes := v.held(f)
	for _, network := range []struct {
		bytes int64
		load  func() error
	}{
		{v.bytes[partVAE], func() error { _, err := e.painter(ctx, v); return err }},
		{v.bytes[partVAE], func() error { _, err := e.decoder(v); return err }},
		{v.bytes[partCLIP], func() error { _, err := e.clip(v); return err }},
		{t5Bytes, func() error { _, err := e.t5(ctx, v, f); return err }},
		{transformerBytes, func() error { _, err := e.transformer(ctx, v, f); return err }},
	} {
		if !e.shelf.hasRoom(network.bytes) {
			break // the first run will make some
		}
		if err := network.load(); err != nil {
			return err
		}
	}
	return nil
}

// Close frees everything after the run in progress has ended. Closing twice does nothing.
func (e *Engine) Close() {
	if err := e.enter(context.Background()); err != nil {
		return
	}
	defer e.leave()
	e.shelf.clear()
	e.closed = true
}

// enter waits for the engine to be free, leave lets the next one in.
func (e *Engine) enter(ctx context.Context) error {
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if e.closed {
		e.leave()
		return ErrClosed
	}
	return nil
}

func (e *Engine) leave() { <-e.turn }
