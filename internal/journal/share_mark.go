package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"easel/internal/share"
)

// Mark stores a moment under a kind and a prediction's id.
func (s *Shelf) Mark(ctx context.Context, kind share.Kind, id string, at time.Time) error {
	key, value := string(kind)+"."+id, []byte(at.UTC().Format(time.RFC3339Nano))
	rev, err := s.kv.Put(ctx, key, value)
	if err != nil {
		return fmt.Errorf("mark %s: %w", key, err)
	}
	s.know(key, value, rev)
	return nil
}

// Unmark takes a mark away, and says whether it was this call that did.
func (s *Shelf) Unmark(ctx context.Context, kind share.Kind, id string) (bool, error) {
	key := string(kind) + "." + id
	entry, err := s.kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrInvalidKey) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("unmark %s: %w", key, err)
	}
	err = s.kv.Purge(ctx, key, jetstream.LastRevision(entry.Revision()), jetstream.PurgeTTL(tombstoneLife))
	if refused(err) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("unmark %s: %w", key, err)
	}
	s.know(key, nil, entry.Revision()+1) // its own revision is higher, or the same
	return true, nil
}

// Marked lists the moments of one kind by prediction.
func (s *Shelf) Marked(ctx context.Context, kind share.Kind) (map[string]time.Time, error) {
	all := map[string]time.Time{}
	err := s.each(ctx, string(kind)+".", func(id string, value []byte) (err error) {
		all[id], err = time.Parse(time.RFC3339Nano, string(value))
		return err
	})
	return all, err
}
