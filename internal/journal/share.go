package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"easel/internal/prediction"
	"easel/internal/share"
)

// Shelf keeps shares and marks: one bucket, and a copy of it in memory that
// every process reads. It is share.Shares and share.Marks.
type Shelf struct {
	kv    jetstream.KeyValue
	ready chan struct{} // closed when everything stored has been read

	mu   sync.RWMutex
	kept map[string]kept
}

// kept is a key's value; nil once it was taken away.
type kept struct {
	value []byte
	rev   uint64
}

const sharePrefix = "share."

// Shelf opens the bucket; it closes with the journal.
func (j *Journal) Shelf(ctx context.Context) (*Shelf, error) {
	js, err := jetstream.New(j.conn)
	if err != nil {
		return nil, fmt.Errorf("open shelf: %w", err)
	}
	s := &Shelf{ready: make(chan struct{}), kept: map[string]kept{}}
	if s.kv, err = keyValue(ctx, js, j.opts, "easel_shelf"); err != nil {
		return nil, fmt.Errorf("open shelf: %w", err)
	}
	watcher, err := s.kv.WatchAll(context.Background())
	if err != nil {
		return nil, fmt.Errorf("open shelf: %w", err)
	}
	go s.watch(watcher)
	return s, nil
}

func (s *Shelf) watch(w jetstream.KeyWatcher) {
	first := sync.OnceFunc(func() { close(s.ready) })
	for entry := range w.Updates() {
		switch {
		case entry == nil:
			first()
		case entry.Operation() == jetstream.KeyValuePut:
			s.know(entry.Key(), entry.Value(), entry.Revision())
		default:
			s.know(entry.Key(), nil, entry.Revision())
		}
	}
}

// know takes a value unless a newer one is known: this process's own writes
// come here twice. A key that was taken away is remembered for as long as its
// last write may still be told.
func (s *Shelf) know(key string, value []byte, rev uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept[key].rev > rev {
		return
	}
	s.kept[key] = kept{value, rev}
	if value == nil {
		time.AfterFunc(time.Minute, func() { s.forget(key, rev) })
	}
}

func (s *Shelf) forget(key string, rev uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept[key].rev == rev {
		delete(s.kept, key)
	}
}

// each visits what stands under a prefix.
func (s *Shelf) each(ctx context.Context, prefix string, visit func(key string, value []byte) error) error {
	select {
	case <-s.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for key, k := range s.kept {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok || k.value == nil {
			continue
		}
		if err := visit(rest, k.value); err != nil {
			return fmt.Errorf("read %s: %w", key, err)
		}
	}
	return nil
}

// Add stores a new share.
func (s *Shelf) Add(ctx context.Context, sh share.Share) error {
	value, err := json.Marshal(sh)
	if err != nil {
		return fmt.Errorf("add share: %w", err)
	}
	rev, err := s.kv.Create(ctx, sharePrefix+sh.Token, value)
	if err != nil {
		return fmt.Errorf("add share: %w", err)
	}
	s.know(sharePrefix+sh.Token, value, rev)
	return nil
}

// Get reads a share as it is stored now, not as this process last heard.
func (s *Shelf) Get(ctx context.Context, token string) (share.Share, error) {
	sh, _, err := s.share(ctx, token)
	return sh, err
}

func (s *Shelf) share(ctx context.Context, token string) (sh share.Share, rev uint64, err error) {
	entry, err := s.kv.Get(ctx, sharePrefix+token)
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrInvalidKey) {
		return sh, 0, fmt.Errorf("share: %w", prediction.ErrNotFound)
	} else if err != nil {
		return sh, 0, fmt.Errorf("read share: %w", err)
	}
	if err := json.Unmarshal(entry.Value(), &sh); err != nil {
		return sh, 0, fmt.Errorf("read share: %w", err)
	}
	return sh, entry.Revision(), nil
}

// Of lists the shares of a prediction, newest first.
func (s *Shelf) Of(ctx context.Context, predictionID string) (found []share.Share, err error) {
	err = s.each(ctx, sharePrefix, func(_ string, value []byte) error {
		var sh share.Share
		err := json.Unmarshal(value, &sh)
		if sh.Prediction == predictionID {
			found = append(found, sh)
		}
		return err
	})
	slices.SortFunc(found, func(a, b share.Share) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.Token, b.Token)
	})
	return found, err
}

// Change rewrites a share; change may be called again when somebody else was faster.
func (s *Shelf) Change(ctx context.Context, token string, change func(*share.Share)) (share.Share, error) {
	for {
		sh, rev, err := s.share(ctx, token)
		if err != nil {
			return sh, err
		}
		change(&sh)
		value, err := json.Marshal(sh)
		if err != nil {
			return sh, fmt.Errorf("change share: %w", err)
		}
		next, err := s.kv.Update(ctx, sharePrefix+token, value, rev)
		if refused(err) {
			continue
		} else if err != nil {
			return sh, fmt.Errorf("change share: %w", err)
		}
		s.know(sharePrefix+token, value, next)
		return sh, nil
	}
}
