package journal

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"easel/internal/prediction"
)

// feed is one prediction's log in memory while somebody follows it: any number
// of followers read it at their own pace, so none of them slows another.
type feed struct {
	followers int // under events.mu
	stop      context.CancelFunc
	live      chan prediction.Event // from the pump
	stale     chan struct{}         // the pump had to drop one: read the stored log

	mu       sync.Mutex
	log      []prediction.Event // log[i] has number i+1
	ended    bool               // by "done"
	changed  chan struct{}      // closed at every change
	previews map[chan prediction.Preview]bool
}

// deliver hands a stored event to the feed that waits for it, and never blocks.
func (e *events) deliver(msg jetstream.Msg) {
	id := strings.TrimPrefix(msg.Subject(), eventsSubject)
	e.mu.Lock()
	f := e.feeds[id]
	e.mu.Unlock()
	if f == nil {
		return
	}
	var ev prediction.Event
	if json.Unmarshal(msg.Data(), &ev) != nil {
		return
	}
	select {
	case f.live <- ev:
	default:
		select {
		case f.stale <- struct{}{}:
		default:
		}
	}
}

// Follow starts at the stored log and goes on with what happens.
func (e *events) Follow(ctx context.Context, id string, after uint64) (<-chan prediction.Event, <-chan prediction.Preview, error) {
	if _, _, err := e.store.Get(ctx, id); err != nil {
		return nil, nil, err
	}
	f, err := e.join(id)
	if err != nil {
		return nil, nil, err
	}
	previews := make(chan prediction.Preview, 1)
	f.mu.Lock()
	f.previews[previews] = true
	f.mu.Unlock()
	out := make(chan prediction.Event)
	go func() {
		f.read(ctx, after, out)
		close(out)
		f.drop(previews)
		e.leave(id, f)
	}()
	return out, previews, nil
}

// read sends the log from a number on until it ends.
func (f *feed) read(ctx context.Context, after uint64, out chan<- prediction.Event) {
	for next := after; ; { // callers choose it, so it may be any number
		f.mu.Lock()
		fresh, ended, changed := f.log[min(next, uint64(len(f.log))):], f.ended, f.changed
		f.mu.Unlock()
		for _, ev := range fresh {
			select {
			case out <- ev:
				next++
			case <-ctx.Done():
				return
			}
		}
		if ended {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// join finds the feed of a prediction or starts it.
func (e *events) join(id string) (*feed, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.feeds[id]
	if f == nil {
		ctx, stop := context.WithCancel(context.Background())
		f = &feed{
			stop: stop, live: make(chan prediction.Event, 64), stale: make(chan struct{}, 1),
			changed: make(chan struct{}), previews: map[chan prediction.Preview]bool{},
		}
		sub, err := e.conn.Subscribe(previewSubject+id, f.preview)
		if err != nil {
			stop()
			return nil, err
		}
		context.AfterFunc(ctx, func() { sub.Unsubscribe() })
		f.stale <- struct{}{} // begin with what is stored
		e.feeds[id] = f
		go e.fill(ctx, id, f)
	}
	f.followers++
	return f, nil
}

func (e *events) leave(id string, f *feed) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if f.followers--; f.followers == 0 {
		f.stop()
		delete(e.feeds, id)
	}
}

// lookAgain is how often a followed log is read although nothing is heard of
// it: its prediction may have been deleted.
const lookAgain = 5 * time.Second

// fill grows the log by live events. One that leaves a gap, as the first ones
// do, makes it read what is stored instead.
func (e *events) fill(ctx context.Context, id string, f *feed) {
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case ev := <-f.live:
			if !f.add(ev) {
				e.refill(ctx, id, f)
			}
		case <-f.stale:
			e.refill(ctx, id, f)
		case <-again.C:
			e.refill(ctx, id, f)
		}
	}
}

func (e *events) refill(ctx context.Context, id string, f *feed) {
	stored, err := e.Replay(ctx, id, uint64(len(f.log))) // only fill's goroutine writes f.log
	if errors.Is(err, prediction.ErrNotFound) {
		f.end()
	}
	for _, ev := range stored { // none when the connection is down; it will look again
		f.add(ev)
	}
}

// end lets the followers of a deleted prediction go.
func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	close(f.changed)
	f.changed = make(chan struct{})
}

// add appends the event that comes next, and says false to one from further on.
func (f *feed) add(ev prediction.Event) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := uint64(len(f.log)) + 1
	if ev.N == next && !f.ended {
		f.log = append(f.log, ev)
		f.ended = ev.Type == prediction.EventDone
		close(f.changed)
		f.changed = make(chan struct{})
	}
	return ev.N <= next
}

// preview passes a picture on; a follower that has not read the one before gets the newer one.
func (f *feed) preview(msg *nats.Msg) {
	if len(msg.Data) < 4 {
		return
	}
	p := prediction.Preview{Step: binary.BigEndian.Uint32(msg.Data), JPEG: msg.Data[4:]}
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.previews {
		select {
		case <-c:
		default:
		}
		c <- p // there is room: nobody else writes
	}
}

func (f *feed) drop(c chan prediction.Preview) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.previews, c)
	close(c)
}
