package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"easel/internal/prediction"
)

// Doer makes HTTP calls. It must not follow redirects, and should refuse
// addresses that callers must not reach.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Predictions is what a Sender reads.
type Predictions interface {
	Get(ctx context.Context, id string) (prediction.Prediction, error)
	Follow(ctx context.Context, id string, after uint64) (<-chan prediction.Event, <-chan prediction.Preview, error)
}

// Sender follows predictions and calls their webhooks.
type Sender struct {
	Predictions Predictions
	Body        func(ctx context.Context, p prediction.Prediction) ([]byte, error) // what is posted
	Client      Doer
	Secret      Secret        // nil: unsigned
	Dir         string        // remembers, over a restart, whose end is not told; "": nothing is remembered
	Every       time.Duration // output and logs are told at most this often; 0: always
	Retries     []time.Duration
	Log         *slog.Logger

	ctx  context.Context
	stop context.CancelFunc
	work sync.WaitGroup
}

// Throttle is Replicate's bound on how often output and logs are told.
const Throttle = 500 * time.Millisecond

// Minute is Replicate's patience: pauses between the tries to tell an end,
// which add up to about a minute.
var Minute = []time.Duration{
	500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 29 * time.Second,
}

// Start takes up what an earlier process left untold. Stop ends all of it.
func (s *Sender) Start() error {
	s.ctx, s.stop = context.WithCancel(context.Background())
	if s.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("start webhooks: %w", err)
	}
	left, err := os.ReadDir(s.Dir)
	if err != nil {
		return fmt.Errorf("start webhooks: %w", err)
	}
	now := time.Now()
	for _, f := range left {
		s.follow(f.Name(), now)
	}
	return nil
}

// Stop lets go of everything; what is untold stays remembered.
func (s *Sender) Stop() {
	s.stop()
	s.work.Wait()
}

// Expect remembers a prediction that is about to be written.
func (s *Sender) Expect(id string) error {
	if s.Dir == "" {
		return nil
	}
	if err := touch(s.Dir, id); err != nil {
		return fmt.Errorf("remember the webhook of %s: %w", id, err)
	}
	return nil
}

// touch makes an empty file that is there after a power cut, too: all of it is
// its name, which the directory holds.
func touch(dir, name string) error {
	if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && runtime.GOOS != "windows" { // which has no such thing
		return err
	}
	return nil
}

// Forget lets go of a prediction.
func (s *Sender) Forget(id string) {
	if s.Dir == "" {
		return
	}
	if err := os.Remove(filepath.Join(s.Dir, id)); err != nil && !errors.Is(err, os.ErrNotExist) {
		s.Log.Warn("webhook not forgotten", "prediction", id, "err", err)
	}
}

// Watch follows a prediction from its beginning.
func (s *Sender) Watch(id string) { s.follow(id, time.Time{}) }

// errBrokeOff says that a prediction's events ended before it did.
var errBrokeOff = errors.New("the events broke off")

// follow tells, in the background, what happens after a moment.
func (s *Sender) follow(id string, after time.Time) {
	s.work.Go(func() {
		err := s.watch(s.ctx, id, after)
		for errors.Is(err, errBrokeOff) { // the journal was away
			after = time.Now()
			select {
			case <-s.ctx.Done():
				return
			case <-time.After(time.Second):
			}
			err = s.watch(s.ctx, id, after)
		}
		if s.ctx.Err() != nil && err != nil {
			return // the next process goes on
		}
		if err != nil && !errors.Is(err, prediction.ErrNotFound) {
			s.Log.Warn("webhook given up", "prediction", id, "err", err)
		}
		s.Forget(id)
	})
}
