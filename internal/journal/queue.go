package journal

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"easel/internal/prediction"
)

const queueSubject = "easel.queue."

// queue is a work-queue stream with one durable consumer that all workers share.
type queue struct {
	js       jetstream.JetStream
	consumer jetstream.Consumer
	history  *history
}

func openQueue(ctx context.Context, js jetstream.JetStream, h *history, opts Options) (*queue, error) {
	stream, err := stream(ctx, js, opts, jetstream.StreamConfig{
		Name: "EASEL_QUEUE", Subjects: []string{queueSubject + "*"}, Retention: jetstream.WorkQueuePolicy,
	})
	if err != nil {
		return nil, err
	}
	consumer, err := stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy, AckWait: opts.AckWait,
		MaxAckPending: -1, MaxDeliver: -1,
	})
	if err != nil {
		return nil, err
	}
	return &queue{js, consumer, h}, nil
}

// Enqueue lets the stream refuse an id that waits or is being worked on:
// stronger than a message id, which is forgotten after a window of time.
func (q *queue) Enqueue(ctx context.Context, id string) error {
	_, err := q.js.Publish(ctx, queueSubject+id, nil, jetstream.WithExpectLastSequencePerSubject(0))
	if refused(err) {
		return nil
	}
	return err
}

func (q *queue) Receive(ctx context.Context) (prediction.Delivery, error) {
	// The client library refuses a deadline that is about to pass, so it is
	// given a context that only ends.
	pull, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	for {
		msg, err := q.consumer.Next(jetstream.FetchContext(pull)) // gives up after 30 s
		switch {
		case err == nil:
			return delivery{msg}, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, nats.ErrTimeout), errors.Is(err, jetstream.ErrNoMessages):
		default:
			return nil, err
		}
	}
}

// Position is 0, too, until the history has been read: a place in the queue is
// not worth waiting for.
func (q *queue) Position(_ context.Context, id string) (int, error) {
	select {
	case <-q.history.ready:
		return q.history.position(id), nil
	default:
		return 0, nil
	}
}

func (q *queue) Waiting() int { return q.history.waiting() }

type delivery struct{ msg jetstream.Msg }

func (d delivery) ID() string       { return strings.TrimPrefix(d.msg.Subject(), queueSubject) }
func (d delivery) Heartbeat() error { return d.msg.InProgress() }

func (d delivery) Done() error {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	return d.msg.DoubleAck(ctx)
}

func (d delivery) Return(delay time.Duration) error {
	if delay <= 0 {
		return d.msg.Nak()
	}
	return d.msg.NakWithDelay(delay)
}
