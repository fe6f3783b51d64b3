package journal

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"easel/internal/prediction"
)

// history is the projection that lists, searches and pages: every record, less
// its logs, in the order of creation. A hundred thousand of them take some
// 100 MB, so rows are packed: JSON as it was encoded, and the prompt to search.
type history struct {
	ready chan struct{} // closed when everything stored has been read
	once  sync.Once

	mu   sync.RWMutex
	rows []*row // oldest first
	byID map[string]*row
	open map[string]*row // not final
	gone map[string]uint64
}

func (k key) compare(l key) int { return cmp.Or(cmp.Compare(k.at, l.at), cmp.Compare(k.id, l.id)) }

func newHistory() *history {
	return &history{
		ready: make(chan struct{}),
		byID:  map[string]*row{}, open: map[string]*row{}, gone: map[string]uint64{},
	}
}

func (h *history) done() { h.once.Do(func() { close(h.ready) }) }

func (h *history) wait(ctx context.Context) error {
	select {
	case <-h.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// put takes a record unless a newer revision is known: the process's own
// writes come here twice, at once and by the watch.
func (h *history) put(record []byte, rev uint64) error {
	r, err := newRow(record, rev)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.byID[r.id]
	if h.gone[r.id] > rev || old != nil && old.rev >= rev {
		return nil
	}
	i, found := slices.BinarySearchFunc(h.rows, r.key, func(x *row, k key) int { return x.compare(k) })
	if found {
		h.rows[i] = r
	} else {
		h.rows = slices.Insert(h.rows, i, r)
	}
	h.byID[r.id] = r
	if r.status.Final() {
		delete(h.open, r.id)
	} else {
		h.open[r.id] = r
	}
	return nil
}

func (h *history) remove(id string, rev uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.byID[id]
	if r == nil || r.rev > rev {
		return
	}
	if i, found := slices.BinarySearchFunc(h.rows, r.key, func(x *row, k key) int { return x.compare(k) }); found {
		h.rows = slices.Delete(h.rows, i, i+1)
	}
	delete(h.byID, id)
	delete(h.open, id)
	h.gone[id] = rev
	time.AfterFunc(time.Minute, func() { h.forget(id) }) // late echoes of its last writes are over then
}

func (h *history) forget(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.gone, id)
}

// position counts the waiting predictions up to this one; 0 when it does not wait.
func (h *history) position(id string) int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	mine := h.open[id]
	if mine == nil || mine.status != prediction.Starting {
		return 0
	}
	n := 0
	for _, r := range h.open {
		if r.status == prediction.Starting && r.compare(mine.key) <= 0 {
			n++
		}
	}
	return n
}

func (h *history) waiting() (n int) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, r := range h.open {
		if r.status == prediction.Starting {
			n++
		}
	}
	return n
}
