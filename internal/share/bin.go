package share

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"easel/internal/prediction"
)

// Kind is what a mark says of a prediction.
type Kind string

const (
	Star   Kind = "star"
	Binned Kind = "bin" // to be deleted at the mark's time
)

// Marks keeps a moment by kind and prediction.
type Marks interface {
	Mark(ctx context.Context, kind Kind, id string, at time.Time) error
	// Unmark says whether there was a mark. Of several who take one away at
	// once, one is told so.
	Unmark(ctx context.Context, kind Kind, id string) (bool, error)
	Marked(ctx context.Context, kind Kind) (map[string]time.Time, error)
}

// Undo is how long a deletion can be taken back.
const Undo = 20 * time.Second

// Predictions is what the bin does in the end.
type Predictions interface {
	Delete(ctx context.Context, ids ...string) error
}

// Bin deletes predictions once the time to take that back has passed. What is
// in it survives a restart; any number of processes may empty it at once.
type Bin struct {
	Marks       Marks
	Predictions Predictions
	Log         *slog.Logger
}

// Throw gives predictions over to be deleted after Undo.
func (b Bin) Throw(ctx context.Context, ids ...string) error {
	var errs []error
	for _, id := range ids {
		errs = append(errs, b.Marks.Mark(ctx, Binned, id, time.Now().Add(Undo)))
	}
	return errors.Join(errs...)
}

// TakeBack keeps predictions after all, and counts those it came in time for.
func (b Bin) TakeBack(ctx context.Context, ids ...string) (kept int, err error) {
	var errs []error
	for _, id := range ids {
		was, err := b.Marks.Unmark(ctx, Binned, id)
		if was {
			kept++
		}
		errs = append(errs, err)
	}
	return kept, errors.Join(errs...)
}

// Run empties the bin of what is due until ctx ends.
func (b Bin) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := b.empty(ctx, time.Now()); err != nil && ctx.Err() == nil {
				b.Log.Warn("bin not emptied", "error", err)
			}
		}
	}
}

// empty takes the mark away before it deletes: from then on it is too late to
// take back. Where the deletion fails, the mark returns for another try.
func (b Bin) empty(ctx context.Context, now time.Time) error {
	binned, err := b.Marks.Marked(ctx, Binned)
	if err != nil {
		return err
	}
	var errs []error
	for id, due := range binned {
		if now.Before(due) {
			continue
		}
		mine, err := b.Marks.Unmark(ctx, Binned, id)
		if err != nil || !mine {
			errs = append(errs, err)
			continue
		}
		if err := b.Predictions.Delete(ctx, id); err != nil && !errors.Is(err, prediction.ErrNotFound) {
			errs = append(errs, err, b.Marks.Mark(context.WithoutCancel(ctx), Binned, id, now.Add(Undo)))
			continue
		}
		_, err = b.Marks.Unmark(ctx, Star, id)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
