package prediction

import (
	"context"
)

// Worker takes predictions from the queue and has a Generator draw them, one
// at a time.
type Worker struct {
	ports Ports
	gen   Generator
	opts  Options
}

// NewWorker joins the ports with the generator that draws.
func NewWorker(ports Ports, gen Generator, opts Options) *Worker {
	return &Worker{ports: ports, gen: gen, opts: opts.withDefaults()}
}

// Run works until ctx ends. The prediction then in its hands gets Grace to
// finish, and goes back to the queue after that.
func (w *Worker) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
