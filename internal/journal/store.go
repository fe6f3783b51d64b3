package journal

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"easel/internal/prediction"
)

// store keeps each record as one key. The key's revision guards every change.
type store struct {
	kv      jetstream.KeyValue
	history *history
	room    func() error
}

// tombstoneLife is how long other processes have to see that a record was deleted.
const tombstoneLife = time.Hour

func openStore(ctx context.Context, js jetstream.JetStream, d *disk, opts Options) (*store, error) {
	kv, err := keyValue(ctx, js, opts, "easel_predictions")
	if err != nil {
		return nil, err
	}
	s := &store{kv: kv, history: newHistory(), room: d.room}
	watcher, err := kv.WatchAll(context.Background())
	if err != nil {
		return nil, err
	}
	go s.watch(watcher, opts)
	return s, nil
}

// watch feeds the history with every change, this process's and others'.
func (s *store) watch(w jetstream.KeyWatcher, opts Options) {
	for entry := range w.Updates() {
		if entry == nil { // everything that was there has been read
			s.history.done()
			debug.FreeOSMemory() // the reading left more garbage than there is history
			continue
		}
		if entry.Operation() != jetstream.KeyValuePut {
			s.history.remove(entry.Key(), entry.Revision())
			continue
		}
		if err := s.history.put(entry.Value(), entry.Revision()); err != nil {
			opts.Log.Error("unreadable record", "prediction", entry.Key(), "error", err)
		}
	}
}

func (s *store) Create(ctx context.Context, p prediction.Prediction) (uint64, error) {
	if err := s.room(); err != nil {
		return 0, err
	}
	data, err := encodeRecord(p)
	if err != nil {
		return 0, err
	}
	rev, err := s.kv.Create(ctx, p.ID, data)
	if errors.Is(err, jetstream.ErrKeyExists) {
		return 0, prediction.ErrExists
	}
	if err != nil {
		return 0, fmt.Errorf("write record: %w", full(err))
	}
	return rev, s.history.put(data, rev)
}

func (s *store) Get(ctx context.Context, id string) (p prediction.Prediction, rev uint64, err error) {
	entry, err := s.kv.Get(ctx, id)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return p, 0, prediction.ErrNotFound
	}
	if err != nil {
		return p, 0, fmt.Errorf("read record: %w", err)
	}
	p, err = decodeRecord(entry.Value())
	return p, entry.Revision(), err
}

func (s *store) Update(ctx context.Context, p prediction.Prediction, rev uint64) (uint64, error) {
	data, err := encodeRecord(p)
	if err != nil {
		return 0, err
	}
	next, err := s.kv.Update(ctx, p.ID, data, rev)
	if refused(err) {
		return 0, prediction.ErrConflict
	}
	if err != nil {
		return 0, fmt.Errorf("write record: %w", err)
	}
	return next, s.history.put(data, next)
}

func (s *store) Delete(ctx context.Context, id string) error {
	_, rev, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	if err := s.kv.Purge(ctx, id, jetstream.PurgeTTL(tombstoneLife)); err != nil {
		return fmt.Errorf("delete record: %w", err)
	}
	s.history.remove(id, rev+1)
	return nil
}

func (s *store) List(ctx context.Context, q prediction.Query) (prediction.Page, error) {
	if err := s.history.wait(ctx); err != nil {
		return prediction.Page{}, err
	}
	return s.history.page(q)
}

func (s *store) Used(ctx context.Context) (int64, error) {
	status, err := s.kv.Status(ctx)
	if err != nil {
		return 0, err
	}
	return int64(status.Bytes()), nil
}
