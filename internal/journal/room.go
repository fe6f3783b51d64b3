package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"easel/internal/prediction"
)

// reserve is what stays free on the embedded server's disk: new predictions
// and files are refused below it, so that what runs already can end.
const reserve = 64 << 20

// disk is what the embedded server writes to. A write that fails, since
// something else took the last of the room, makes the server give a stream up
// until its store is opened anew.
type disk struct {
	dir    string        // "": the server is elsewhere, and refuses by itself
	broken atomic.Bool   // a write has failed
	failed chan struct{} // one just did
}

func newDisk(opts Options) *disk {
	d := &disk{dir: opts.Dir, failed: make(chan struct{}, 1)}
	if opts.URL != "" {
		d.dir = ""
	}
	return d
}

// room is nil while the disk takes new data.
func (d *disk) room() error {
	if d.broken.Load() {
		return fmt.Errorf("%s could not be written to: %w", d.dir, prediction.ErrFull)
	}
	return d.free()
}

func (d *disk) free() error {
	if d.dir == "" {
		return nil
	}
	if free, known := freeBytes(d.dir); known && free < reserve {
		return fmt.Errorf("%d MiB are free in %s, %d are needed: %w", free>>20, d.dir, reserve>>20, prediction.ErrFull)
	}
	return nil
}

// heard finds failed writes in what the server logs: it tells of them nowhere else.
func (d *disk) heard(text string) {
	if !strings.Contains(text, "ritical write error") && !strings.Contains(text, "will be DISABLED") {
		return
	}
	if d.broken.CompareAndSwap(false, true) {
		select {
		case d.failed <- struct{}{}:
		default: // heal knows; the server that logs must not wait for it
		}
	}
}

// heal opens the store anew once there is room, until ctx ends.
func (d *disk) heal(ctx context.Context, log *slog.Logger, reopen func() error) {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.failed:
			log.Error("the journal could not be written, and goes on when there is room", "dir", d.dir, "needed", fmt.Sprintf("%d MiB", reserve>>20))
		case <-again.C:
		}
		if !d.broken.Load() || d.free() != nil {
			continue
		}
		if err := reopen(); err != nil {
			log.Error("the journal could not be opened again", "error", err)
			continue
		}
		d.broken.Store(false)
		log.Info("the journal goes on")
	}
}

// full gives the domain's word for a write that found no room.
func full(err error) error {
	const noStorage, noResources = 10047, 10023 // JetStream's own numbers
	var api *jetstream.APIError
	if errors.Is(err, syscall.ENOSPC) || errors.As(err, &api) && (api.ErrorCode == noStorage || api.ErrorCode == noResources) {
		return fmt.Errorf("%w: %w", prediction.ErrFull, err)
	}
	return err
}
