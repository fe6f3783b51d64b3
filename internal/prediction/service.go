package prediction

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// MaxInput is the most bytes an input may hold once its data URIs are files.
// A record must fit into one message of a NATS server with default settings.
const MaxInput = 512 << 10

// Ports are the things the domain needs from outside.
type Ports struct {
	Store    Store
	Queue    Queue
	Events   Events
	Canceler Canceler
	Files    Files
}

// Options tune a Service or a Worker. Zero values mean the defaults.
type Options struct {
	Log       *slog.Logger     // default: none
	Now       func() time.Time // default: time.Now
	Retention Retention        // what the Service removes, and when

	Heartbeat   time.Duration // between a Worker's signs of life; default 1 s
	Grace       time.Duration // what a running prediction gets to finish at a stop; default 0
	MaxAttempts int           // starts before a prediction that kills its workers is given up; default 5
	Sweep       time.Duration // between a Service's searches for what the queue lost; default 1 min
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = time.Second
	}
	if o.MaxAttempts == 0 {
		o.MaxAttempts = 5
	}
	if o.Sweep == 0 {
		o.Sweep = time.Minute
	}
	return o
}

// Service is what the web side does with predictions.
type Service struct {
	ports     Ports
	opts      Options
	estimator estimator
}

// NewService joins the ports. Its Run must run in one process at least.
func NewService(ports Ports, opts Options) *Service {
	return &Service{ports: ports, opts: opts.withDefaults()}
}

// New is a request for a prediction. The caller has validated Input.
type New struct {
	ID            string // chosen by the caller; "": a new one
	Model         string
	Version       string
	Input         json.RawMessage
	Files         []string // tokens of the files that Input's data URIs became
	Source        string   // "api" or "web"
	Webhook       string
	WebhookEvents []string
	CancelAfter   time.Duration // 0: never
	Held          bool          // the creator waits for the end
}

// Create accepts a prediction. When it returns, the record is on disk. A queue
// that fails does not fail the call: the next sweep queues what is not queued.
// Nor does a caller who leaves meanwhile: half accepted would be neither.
// Errors: ErrExists for a known ID, ErrInvalid, ErrTooLarge, ErrFull.
func (s *Service) Create(ctx context.Context, n New) (Prediction, error) {
	ctx = context.WithoutCancel(ctx)
	now := s.opts.Now().UTC().Truncate(time.Microsecond)
	if n.ID == "" {
		n.ID = NewID(now)
	} else if !validID.MatchString(n.ID) {
		return Prediction{}, fmt.Errorf("create: id must be 1 to 64 letters, digits, - or _: %w", ErrInvalid)
	}
	if len(n.Input) > MaxInput {
		return Prediction{}, fmt.Errorf("create: input holds %d bytes, at most %d are allowed: %w", len(n.Input), MaxInput, ErrTooLarge)
	}
	p := Prediction{
		ID: n.ID, Model: n.Model, Version: n.Version, Status: Starting,
		Input: n.Input, Files: n.Files, Source: n.Source, CreatedAt: now,
		Webhook: n.Webhook, WebhookEvents: n.WebhookEvents,
		StreamToken: NewToken(), Held: n.Held,
	}
	if n.CancelAfter > 0 {
		deadline := now.Add(n.CancelAfter)
		p.Deadline = &deadline
	}
	if _, err := s.ports.Store.Create(ctx, p); err != nil {
		return Prediction{}, fmt.Errorf("create %s: %w", p.ID, err)
	}
	if err := s.ports.Queue.Enqueue(ctx, p.ID); err != nil {
		s.opts.Log.Warn("not queued yet", "prediction", p.ID, "error", err)
	}
	return p, nil
}

// Get reads one record; a waiting one comes with its place in the queue and,
// once this machine's pace is known, the seconds until its end.
func (s *Service) Get(ctx context.Context, id string) (Prediction, error) {
	if !validID.MatchString(id) { // no such id was ever accepted, and the journal need not cope with it
		return Prediction{}, fmt.Errorf("get: %w", ErrNotFound)
	}
	p, _, err := s.ports.Store.Get(ctx, id)
	if err != nil {
		return Prediction{}, fmt.Errorf("get %s: %w", id, err)
	}
	if p.Status == Starting {
		if p.Extra.Queue, err = s.queued(ctx, p); err != nil {
			return p, fmt.Errorf("get %s: %w", id, err)
		}
	}
	return p, nil
}

// List reads one page of the history, newest first, without logs.
// A cursor that List did not give is ErrInvalid.
func (s *Service) List(ctx context.Context, q Query) (Page, error) {
	return s.ports.Store.List(ctx, q)
}

// Cancel ends a prediction that has not ended. The record says so when Cancel
// returns, even if the worker needs until its next step to stop. A prediction
// that has ended is returned unchanged.
func (s *Service) Cancel(ctx context.Context, id string) (Prediction, error) {
	if !validID.MatchString(id) {
		return Prediction{}, fmt.Errorf("cancel: %w", ErrNotFound)
	}
	p, ended, err := end(ctx, s.ports.Store, id, func(p *Prediction) error {
		p.Status = Canceled
		p.CompletedAt = stamp(s.opts.Now())
		return nil
	})
	if err != nil {
		return Prediction{}, fmt.Errorf("cancel %s: %w", id, err)
	}
	if ended { // what fails from here on is made good by the worker that finds the record ended
		err := errors.Join(s.ports.Canceler.Cancel(ctx, id), tellDone(ctx, s.ports.Events, p))
		if err != nil {
			s.opts.Log.Warn("canceled, but not told everybody", "prediction", id, "error", err)
		}
	}
	return p, nil
}

// Wait returns the record once it is final. When ctx ends first, it returns
// the record as it then stands, and ctx's error.
func (s *Service) Wait(ctx context.Context, id string) (Prediction, error) {
	for {
		events, _, err := s.Follow(ctx, id, 0)
		if err != nil && ctx.Err() == nil {
			return Prediction{}, err
		}
		if err == nil {
			for range events {
			}
		}
		read, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		p, err := s.Get(read, id)
		stop()
		if err != nil || p.Status.Final() {
			return p, err
		}
		select {
		case <-ctx.Done():
			return p, ctx.Err()
		case <-time.After(100 * time.Millisecond): // the log broke off: follow anew
		}
	}
}

// Follow sends every event numbered above after, old ones first, then new ones
// as they happen. The events' channel closes after "done" or when ctx ends, the
// previews' after it; previews that are not read in time are dropped.
func (s *Service) Follow(ctx context.Context, id string, after uint64) (<-chan Event, <-chan Preview, error) {
	p, err := s.Get(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if !p.Status.Final() {
		return s.ports.Events.Follow(ctx, id, after)
	}
	past, err := s.replay(ctx, p, after)
	if err != nil {
		return nil, nil, err
	}
	events, previews := make(chan Event), make(chan Preview)
	go func() {
		defer close(previews)
		defer close(events)
		for _, e := range past {
			select {
			case events <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	return events, previews, nil
}

// Replay returns the events numbered above after that have happened so far.
func (s *Service) Replay(ctx context.Context, id string, after uint64) ([]Event, error) {
	p, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.replay(ctx, p, after)
}

// replay tells of the end of a final prediction even where its log does not:
// whoever ended it may have died before saying so, or the log may be too old.
func (s *Service) replay(ctx context.Context, p Prediction, after uint64) ([]Event, error) {
	all, err := s.ports.Events.Replay(ctx, p.ID, 0)
	if err != nil {
		return nil, fmt.Errorf("replay %s: %w", p.ID, err)
	}
	var last Event
	if len(all) > 0 {
		last = all[len(all)-1]
	}
	if p.Status.Final() && last.Type != EventDone {
		done := doneEvent(p)
		done.N = last.N + 1
		all = append(all, done)
	}
	for i, e := range all {
		if e.N > after {
			return all[i:], nil
		}
	}
	return nil, nil
}

// Delete cancels what runs and removes records, events and files.
func (s *Service) Delete(ctx context.Context, ids ...string) error {
	var errs []error
	for _, id := range ids {
		p, err := s.Cancel(ctx, id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if err := s.remove(ctx, p); err != nil {
			errs = append(errs, fmt.Errorf("delete %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// remove takes away the files before the record that names them.
func (s *Service) remove(ctx context.Context, p Prediction) error {
	err := s.removeFiles(ctx, p)
	if e := s.ports.Events.Delete(ctx, p.ID); e != nil {
		err = errors.Join(err, e)
	}
	if err != nil {
		return err
	}
	return s.ports.Store.Delete(ctx, p.ID)
}

func (s *Service) removeFiles(ctx context.Context, p Prediction) error {
	var errs []error
	for _, token := range append(p.Output, p.Files...) {
		if err := s.ports.Files.Delete(ctx, token); err != nil && !errors.Is(err, ErrNotFound) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Waiting counts the predictions that no worker has yet.
func (s *Service) Waiting() int { return s.ports.Queue.Waiting() }

// Files returns the store of pictures in and out.
func (s *Service) Files() Files { return s.ports.Files }
