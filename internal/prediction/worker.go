package prediction

import (
	"context"
	"errors"
	"fmt"
	"time"
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
	for {
		d, err := w.ports.Queue.Receive(ctx)
		if ctx.Err() != nil {
			if err == nil {
				d.Return(0)
			}
			return nil
		}
		if err != nil {
			w.opts.Log.Warn("no work from the queue", "error", err)
			pause(ctx, time.Second)
			continue
		}
		w.handle(ctx, d)
	}
}

// handle brings one delivery to its end: drawn, found ended, given up, or returned.
func (w *Worker) handle(ctx context.Context, d Delivery) {
	log := w.opts.Log.With("prediction", d.ID())
	life, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)

	// Listening comes before the start is written, so no cancel falls between.
	canceled, err := w.ports.Canceler.OnCancel(life, d.ID())
	var p Prediction
	var rev uint64
	if err == nil {
		p, rev, err = w.start(life, d.ID())
	}
	switch {
	case errors.Is(err, ErrNotFound): // deleted while it waited
		w.done(d)
		return
	case errors.Is(err, errEnded):
		if err := tellDone(life, w.ports.Events, p); err != nil {
			log.Warn("end not told", "error", err)
			d.Return(time.Second)
			return
		}
		w.done(d)
		return
	case err != nil:
		log.Warn("not started", "error", err)
		d.Return(time.Second)
		return
	}

	r := newRun(w, d, p, rev, stop)
	undo := context.AfterFunc(ctx, func() { time.AfterFunc(w.opts.Grace, func() { stop(errStopping) }) })
	defer undo()
	go r.watch(life, canceled)
	log.Info("started", "attempt", p.Attempts)
	extra, err := r.generate(life)
	r.finish(life, extra, err)
}

// Why a run's context ends before the run does.
var (
	errEnded    = errors.New("the record has ended")
	errLost     = errors.New("another worker has taken over")
	errDeadline = errors.New("the deadline has passed")
	errStopping = errors.New("the worker stops")
)

// start writes that this worker has the prediction now. Where there is nothing
// to draw it ends the record and answers errEnded.
func (w *Worker) start(ctx context.Context, id string) (Prediction, uint64, error) {
	for {
		p, rev, err := w.ports.Store.Get(ctx, id)
		if err != nil {
			return p, 0, err
		}
		now := w.opts.Now()
		switch {
		case p.Status.Final():
			return p, 0, errEnded
		case p.Deadline != nil && now.After(*p.Deadline):
			p.Status, p.CompletedAt = Canceled, stamp(now)
		case p.Attempts-p.Returns >= w.opts.MaxAttempts:
			p.Status, p.CompletedAt = Failed, stamp(now)
			p.Error = fmt.Sprintf("The worker died %d times while drawing this; it was given up.", p.Attempts-p.Returns)
		default:
			p.Status, p.StartedAt = Processing, stamp(now)
			p.Attempts++
			p.Output, p.Logs = nil, ""
		}
		rev, err = w.ports.Store.Update(ctx, p, rev)
		switch {
		case errors.Is(err, ErrConflict):
			continue
		case err == nil && p.Status.Final():
			err = errEnded
		}
		return p, rev, err
	}
}

func (w *Worker) done(d Delivery) {
	if err := d.Done(); err != nil { // it will be delivered again, and found ended
		w.opts.Log.Warn("queue not told of the end", "prediction", d.ID(), "error", err)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
