package journal

import (
	"context"
	"log/slog"
	"time"
)

const (
	clearEvery = 6 * time.Hour
	clearAge   = time.Hour // younger chunks may be of a file still coming
)

// keepClear clears from time to time, until ctx ends.
func (row *volumes) keepClear(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(clearEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if n, err := row.clear(ctx, clearAge); n > 0 || err != nil {
				log.Info("half-written files cleared away", "store", row.name, "files", n, "error", err)
			}
		}
	}
}

// clear removes what crashes left behind, and volumes that have become empty.
func (row *volumes) clear(ctx context.Context, age time.Duration) (files int, err error) {
	err = row.each(ctx, func(v volume) error {
		n, err := v.collect(ctx, age)
		files += n
		if err != nil {
			return err
		}
		info, err := v.stream.Info(ctx)
		if err != nil || v.n >= row.lastNumber() || info.State.Msgs > 0 || time.Since(info.State.LastTime) < age {
			return err
		}
		row.forget(v.n)
		return row.js.DeleteStream(ctx, objectStream+v.name)
	})
	return files, err
}
