package journal

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A process that dies while it stores a file leaves chunks that no description
// names. They are collected when they are too old to be a file still coming.
const (
	collectEvery = 6 * time.Hour
	collectAge   = time.Hour
)

func (f *files) collect(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(collectEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, b := range []bucket{f.pictures, f.uploads} {
				n, err := b.collect(ctx, collectAge)
				if n > 0 || err != nil {
					log.Info("half-written files collected", "bucket", b.name, "files", n, "error", err)
				}
			}
		}
	}
}

func (b bucket) collect(ctx context.Context, age time.Duration) (n int, err error) {
	const chunks = ".C."
	info, err := b.stream.Info(ctx, jetstream.WithSubjectFilter("$O."+b.name+chunks+">"))
	if err != nil {
		return 0, err
	}
	objects, err := b.List(ctx) // after the chunks: what was described meanwhile counts
	if err != nil && !errors.Is(err, jetstream.ErrNoObjectsFound) {
		return 0, err
	}
	described := map[string]bool{}
	for _, o := range objects {
		described[o.NUID] = true
	}
	for subject := range info.State.Subjects {
		_, id, _ := strings.Cut(subject, chunks)
		if described[id] {
			continue
		}
		last, err := b.stream.GetLastMsgForSubject(ctx, subject)
		if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && time.Since(last.Time) < age {
			continue
		}
		if err == nil {
			err = b.stream.Purge(ctx, jetstream.WithPurgeSubject(subject))
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
