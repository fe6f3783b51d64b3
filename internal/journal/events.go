package journal

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"easel/internal/prediction"
)

const (
	eventsStream   = "EASEL_EVENTS"
	eventsSubject  = "easel.events."
	previewSubject = "easel.preview."
)

// events is one stream with a subject for each prediction. The stream refuses
// an event whose writer did not know the subject's last one, so the numbers
// have no gap and no double, whoever writes.
type events struct {
	conn   *nats.Conn
	js     jetstream.JetStream
	stream jetstream.Stream
	store  *store

	mu    sync.Mutex
	tails map[string]tail  // of the logs this process writes
	feeds map[string]*feed // of the logs somebody here follows
}

// tail is what a writer must know of a log's end.
type tail struct {
	seq  uint64 // in the stream; 0: nothing stored
	n    uint64 // of the last event; 1 is the record's own creation
	done bool
}

func openEvents(ctx context.Context, conn *nats.Conn, js jetstream.JetStream, s *store, opts Options) (*events, error) {
	stream, err := stream(ctx, js, opts, jetstream.StreamConfig{
		Name: eventsStream, Subjects: []string{eventsSubject + "*"}, AllowDirect: true,
		MaxAge: opts.EventsAge, MaxBytes: opts.EventsBytes,
	})
	if err != nil {
		return nil, err
	}
	consumer, err := js.OrderedConsumer(ctx, eventsStream, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverNewPolicy})
	if err != nil {
		return nil, err
	}
	e := &events{conn: conn, js: js, stream: stream, store: s, tails: map[string]tail{}, feeds: map[string]*feed{}}
	_, err = consumer.Consume(e.deliver) // until the connection ends
	return e, err
}

// Append numbers the event and stores it.
func (e *events) Append(ctx context.Context, id string, ev prediction.Event) (prediction.Event, error) {
	for {
		last, err := e.tail(ctx, id)
		if err != nil {
			return ev, fmt.Errorf("append %s: %w", ev.Type, err)
		}
		if last.done {
			return ev, prediction.ErrConflict
		}
		ev.N = last.n + 1
		data, err := encode(ev)
		if err != nil {
			return ev, fmt.Errorf("append %s: %w", ev.Type, err)
		}
		ack, err := e.js.Publish(ctx, eventsSubject+id, data, jetstream.WithExpectLastSequencePerSubject(last.seq))
		if err == nil {
			e.remember(id, tail{ack.Sequence, ev.N, ev.Type == prediction.EventDone})
			return ev, nil
		}
		e.forget(id) // somebody else wrote, or nobody knows what became of the write
		if !refused(err) {
			return ev, fmt.Errorf("append %s: %w", ev.Type, err)
		}
	}
}

func (e *events) tail(ctx context.Context, id string) (tail, error) {
	e.mu.Lock()
	t, known := e.tails[id]
	e.mu.Unlock()
	if known {
		return t, nil
	}
	msg, err := e.stream.GetLastMsgForSubject(ctx, eventsSubject+id)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return tail{n: 1}, nil
	}
	if err != nil {
		return tail{}, err
	}
	var ev prediction.Event
	if err := json.Unmarshal(msg.Data, &ev); err != nil {
		return tail{}, fmt.Errorf("decode last event: %w", err)
	}
	return tail{msg.Sequence, ev.N, ev.Type == prediction.EventDone}, nil
}

func (e *events) remember(id string, t tail) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t.done { // the stream remembers from here on
		delete(e.tails, id)
	} else {
		e.tails[id] = t
	}
}

func (e *events) forget(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.tails, id)
}

// Replay reads the log as stored, after the record's creation as its first event.
func (e *events) Replay(ctx context.Context, id string, after uint64) ([]prediction.Event, error) {
	p, _, err := e.store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	var list []prediction.Event
	if after < 1 {
		list = append(list, prediction.Event{N: 1, Type: prediction.EventQueued, At: p.CreatedAt, Data: json.RawMessage("{}")})
	}
	err = batchGet(ctx, e.conn, eventsStream, eventsSubject+id, func(data []byte) error {
		var ev prediction.Event
		if err := json.Unmarshal(data, &ev); err != nil {
			return fmt.Errorf("decode event: %w", err)
		}
		if ev.N > after {
			list = append(list, ev)
		}
		return nil
	})
	return list, err
}

func (e *events) Delete(ctx context.Context, id string) error {
	e.forget(id)
	return e.stream.Purge(ctx, jetstream.WithPurgeSubject(eventsSubject+id))
}

// PublishPreview sends the step (uint32, big endian) and the JPEG to whoever listens now.
func (e *events) PublishPreview(id string, p prediction.Preview) error {
	return e.conn.Publish(previewSubject+id, append(binary.BigEndian.AppendUint32(nil, p.Step), p.JPEG...))
}

// batchGet reads all messages of a subject in one round trip and more only
// where the server stops early: no consumer is made for it.
func batchGet(ctx context.Context, conn *nats.Conn, stream, subject string, each func(data []byte) error) error {
	const batch = 1000
	inbox := conn.NewRespInbox()
	sub, err := conn.SubscribeSync(inbox)
	if err != nil {
		return err
	}
	defer sub.Unsubscribe()
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	for seq := uint64(1); ; {
		request := fmt.Appendf(nil, `{"batch":%d,"seq":%d,"next_by_subj":%q}`, batch, seq, subject)
		if err := conn.PublishRequest("$JS.API.DIRECT.GET."+stream, inbox, request); err != nil {
			return err
		}
		for more := true; more; {
			msg, err := sub.NextMsgWithContext(ctx)
			if err != nil {
				return fmt.Errorf("read events: %w", err)
			}
			switch status := msg.Header.Get("Status"); status {
			case "":
				if err := each(msg.Data); err != nil {
					return err
				}
			case "404":
				return nil
			case "204": // end of batch
				if msg.Header.Get("Nats-Num-Pending") == "0" {
					return nil
				}
				if _, err := fmt.Sscan(msg.Header.Get("Nats-Last-Sequence"), &seq); err != nil {
					return fmt.Errorf("read events: %w", err)
				}
				seq++
				more = false
			default:
				return fmt.Errorf("read events: server answers %s %s", status, strings.TrimSpace(msg.Header.Get("Description")))
			}
		}
	}
}
