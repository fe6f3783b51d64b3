package prediction

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
)

// progressEvery is how often a running record takes over logs and pictures.
const progressEvery = 500 * time.Millisecond

// run is one prediction in a worker's hands. It is the Generator's Sink: what
// the generator tells becomes facts, which one goroutine writes in order, so
// drawing never waits for a disk.
type run struct {
	worker *Worker
	d      Delivery
	stop   context.CancelCauseFunc
	facts  chan func(context.Context)
	began  time.Time

	// Of the goroutine that draws.
	bar    bar
	stored []string // tokens of files written

	// Of the goroutine that writes; of finish after that.
	p     Prediction
	rev   uint64
	dirty bool
}

func newRun(w *Worker, d Delivery, p Prediction, rev uint64, stop context.CancelCauseFunc) *run {
	return &run{
		worker: w, d: d, stop: stop, p: p, rev: rev, began: time.Now(),
		facts: make(chan func(context.Context), 256), bar: newBar(p.Input),
	}
}

// generate draws, and returns when all that was told is written.
func (r *run) generate(ctx context.Context) (extra Extra, err error) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		r.write(context.WithoutCancel(ctx))
	}()
	defer func() { <-written }()
	defer close(r.facts)
	defer func() {
		if v := recover(); v != nil {
			r.worker.opts.Log.Error("generator panicked", "prediction", r.p.ID, "panic", v, "stack", string(debug.Stack()))
			err = errors.New("the engine failed unexpectedly; the server's log says where")
		}
	}()
	attempt := r.p.Attempts
	r.tell(newEvent(EventStarted, map[string]any{"attempt": attempt}))
	for old := range attempt - 1 { // what attempts that died left behind
		r.removeAttempt(ctx, old+1)
	}
	return r.worker.gen.Generate(ctx, r.p, r)
}

// write is the only goroutine that touches the log and the record during the run.
func (r *run) write(ctx context.Context) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case fact, ok := <-r.facts:
			if !ok {
				return
			}
			fact(ctx)
		case <-tick.C:
			if r.dirty {
				r.save(ctx)
			}
		}
	}
}

// save writes the record's progress. A record that changed meanwhile has ended
// or is another worker's, or a write of ours did arrive whose answer did not.
func (r *run) save(ctx context.Context) {
	rev, err := r.worker.ports.Store.Update(ctx, r.p, r.rev)
	switch {
	case err == nil:
		r.rev, r.dirty = rev, false
	case errors.Is(err, ErrConflict):
		if rev, ours := r.check(ctx); ours {
			r.rev = rev // the next tick writes
		}
	default:
		r.worker.opts.Log.Warn("progress not written", "prediction", r.p.ID, "error", err)
	}
}

// check stops the run when its record is no longer its own.
func (r *run) check(ctx context.Context) (rev uint64, ours bool) {
	now, rev, err := r.worker.ports.Store.Get(ctx, r.d.ID())
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && now.Status.Final():
		r.stop(errEnded)
	case err == nil && now.Attempts != r.p.Attempts: // Attempts is set before the run and never again
		r.stop(errLost)
	default:
		return rev, err == nil
	}
	return 0, false
}

// watch keeps the delivery alive and stops the run when it must stop.
func (r *run) watch(ctx context.Context, canceled <-chan struct{}) {
	beat := time.NewTicker(r.worker.opts.Heartbeat)
	defer beat.Stop()
	var deadline <-chan time.Time
	if r.p.Deadline != nil {
		timer := time.NewTimer(time.Until(*r.p.Deadline))
		defer timer.Stop()
		deadline = timer.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-canceled:
			r.stop(errEnded)
		case <-deadline:
			r.stop(errDeadline)
		case <-beat.C:
			r.d.Heartbeat()
			r.check(ctx) // a cancel's message may get lost, its record does not
		}
	}
}

// finish writes the end, tells it, and takes the prediction off the queue, in
// this order: whoever dies in between leaves the rest to the next delivery.
func (r *run) finish(ctx context.Context, extra Extra, failure error) {
	cause := context.Cause(ctx)
	ctx = context.WithoutCancel(ctx)
	log := r.worker.opts.Log.With("prediction", r.p.ID)
	if failure != nil && errors.Is(cause, errStopping) {
		r.p.Returns++
		r.save(ctx) // where that fails, the attempt counts as one that died
		log.Info("returned to the queue")
		r.d.Return(0)
		return
	}
	p, _, err := end(ctx, r.worker.ports.Store, r.p.ID, func(p *Prediction) error {
		if p.Attempts != r.p.Attempts {
			return errLost
		}
		*p = r.p
		p.Extra, p.CompletedAt = extra, stamp(r.worker.opts.Now())
		switch {
		case failure == nil:
			p.Status = Succeeded
		case errors.Is(cause, errEnded), errors.Is(cause, errDeadline):
			p.Status = Canceled
		default:
			p.Status, p.Error = Failed, failure.Error()
		}
		return nil
	})
	switch {
	case err == nil:
		err = tellDone(ctx, r.worker.ports.Events, p)
	case errors.Is(err, ErrNotFound): // deleted meanwhile: what was told since goes, and the queue may forget it
		err = r.worker.ports.Events.Delete(ctx, r.p.ID)
	}
	r.removeUnnamed(ctx, p)
	switch {
	case errors.Is(err, errLost):
		log.Warn("another worker has taken over")
	case err != nil:
		log.Error("end not written; the queue will deliver again", "error", err)
		r.d.Return(time.Second)
	default:
		r.worker.done(r.d)
		log.Info("ended", "status", p.Status, "seconds", time.Since(r.began).Seconds())
	}
}

// removeUnnamed deletes files of this run that the record does not name.
func (r *run) removeUnnamed(ctx context.Context, p Prediction) {
	for _, token := range r.stored {
		if !slices.Contains(p.Output, token) {
			r.worker.ports.Files.Delete(ctx, token)
		}
	}
}

// mostPictures of a request, with room to spare.
const mostPictures = 8

func (r *run) removeAttempt(ctx context.Context, attempt int) {
	for i := range mostPictures {
		r.worker.ports.Files.Delete(ctx, outputToken(r.p.StreamToken, attempt, i)) // most are not there
	}
}

// put stores a picture under a name that nobody can guess.
func (r *run) put(ctx context.Context, index int, name, contentType string, data []byte) (token string, err error) {
	f := File{Token: outputToken(r.p.StreamToken, r.p.Attempts, index), Name: name, ContentType: contentType}
	f, err = r.worker.ports.Files.Put(ctx, f, bytes.NewReader(data))
	if errors.Is(err, ErrFull) {
		r.worker.opts.Log.Error("picture not stored", "prediction", r.p.ID, "error", err)
		err = ErrFull // which disk that is concerns the operator
	}
	if err != nil {
		return "", fmt.Errorf("store picture %d: %w", index, err)
	}
	return f.Token, nil
}
