package prediction

import (
	"context"
	"errors"
	"time"
)

// Retention says how long what is kept. Zero values keep for ever. Only
// predictions that have ended are touched.
type Retention struct {
	Data         time.Duration // from creation to the removal of a prediction's pictures
	DataBytes    int64         // pictures held in all; the oldest go first
	History      time.Duration // from creation to the removal of a record
	HistoryBytes int64         // records held in all; the oldest go first
}

// Run keeps house until ctx ends: it queues what the queue lost, ends what is
// past its deadline while it waits, and removes what is past its retention.
// Any number of processes may run it at once.
func (s *Service) Run(ctx context.Context) error {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	sweep := time.NewTicker(s.opts.Sweep)
	defer sweep.Stop()
	s.report(ctx, "sweep", s.sweep(ctx))
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-second.C:
			s.report(ctx, "deadlines", s.deadlines(ctx))
		case <-sweep.C:
			s.report(ctx, "sweep", s.sweep(ctx))
			s.report(ctx, "retention", s.retain(ctx))
		}
	}
}

func (s *Service) report(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		s.opts.Log.Warn("housekeeping", "what", what, "error", err)
	}
}

// sweep queues everything that has not ended: the queue holds each id once, so
// only what is missing there is added. A record written by a process that died
// before it could queue it is found here.
func (s *Service) sweep(ctx context.Context) error {
	var errs []error
	for _, status := range []Status{Processing, Starting} { // begun ones first
		err := s.oldestFirst(ctx, Query{Status: status}, func(p Prediction) (bool, error) {
			errs = append(errs, s.ports.Queue.Enqueue(ctx, p.ID))
			return true, nil
		})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// deadlines cancels what is past its deadline. A worker minds its own to the
// moment; this finds what waits, or was left by a worker that died.
func (s *Service) deadlines(ctx context.Context) error {
	for _, status := range []Status{Starting, Processing} {
		q := Query{Status: status, DeadlineBefore: s.opts.Now()}
		err := s.oldestFirst(ctx, q, func(p Prediction) (bool, error) {
			_, err := s.Cancel(ctx, p.ID)
			return true, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// retain removes pictures, then records, that are too old or too many.
func (s *Service) retain(ctx context.Context) error {
	l := s.opts.Retention
	return errors.Join(
		s.trim(ctx, Query{WithFiles: true}, l.Data, l.DataBytes, s.ports.Files.Used, s.removeData),
		s.trim(ctx, Query{}, l.History, l.HistoryBytes, s.ports.Store.Used, s.remove),
	)
}

// trim removes from the oldest on, while it is past age or more than limit is used.
func (s *Service) trim(ctx context.Context, q Query, age time.Duration, limit int64,
	used func(context.Context) (int64, error), remove func(context.Context, Prediction) error) error {
	if age == 0 && limit == 0 {
		return nil
	}
	now := s.opts.Now()
	return s.oldestFirst(ctx, q, func(p Prediction) (bool, error) {
		if old := age > 0 && now.Sub(p.CreatedAt) > age; !old {
			if limit == 0 {
				return false, nil
			}
			if n, err := used(ctx); err != nil || n <= limit {
				return false, err
			}
		}
		if !p.Status.Final() {
			return true, nil
		}
		return true, remove(ctx, p)
	})
}

// removeData lets the record say so before the files go.
func (s *Service) removeData(ctx context.Context, p Prediction) error {
	for {
		p, rev, err := s.ports.Store.Get(ctx, p.ID)
		if err != nil {
			return err
		}
		removed := p
		removed.DataRemoved, removed.Output, removed.Files = true, nil, nil
		if _, err = s.ports.Store.Update(ctx, removed, rev); err == nil {
			return s.removeFiles(ctx, p)
		}
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
}

// oldestFirst calls each with every prediction that q selects until it says no.
func (s *Service) oldestFirst(ctx context.Context, q Query, each func(Prediction) (more bool, err error)) error {
	q.OldestFirst = true
	for {
		page, err := s.ports.Store.List(ctx, q)
		if err != nil {
			return err
		}
		for _, p := range page.Results {
			if more, err := each(p); err != nil || !more {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		q.Cursor = page.Next
	}
}
