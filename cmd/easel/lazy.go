package main

import (
	"context"
	"sync"

	"easel/internal/engine"
)

// lazyEngine is an engine that is readied while the page is served already.
type lazyEngine struct {
	ready chan struct{} // closed once engine or err is there
	once  sync.Once

	engine *engine.Engine
	err    error
}

func newLazyEngine() *lazyEngine { return &lazyEngine{ready: make(chan struct{})} }

// open readies the engine; it is called once.
func (l *lazyEngine) open(ctx context.Context, flags engineFlags) error {
	l.engine, l.err = flags.open(ctx)
	l.once.Do(func() { close(l.ready) })
	return l.err
}

// Generate waits for the engine and has it draw.
func (l *lazyEngine) Generate(ctx context.Context, r engine.Request, o engine.Observer) (engine.Result, error) {
	select {
	case <-l.ready:
	case <-ctx.Done():
		return engine.Result{}, ctx.Err()
	}
	if l.err != nil {
		return engine.Result{}, l.err
	}
	return l.engine.Generate(ctx, r, o)
}

func (l *lazyEngine) close() {
	if l.engine != nil {
		l.engine.Close()
	}
}
