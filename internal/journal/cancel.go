package journal

import (
	"context"

	"github.com/nats-io/nats.go"
)

const cancelSubject = "easel.cancel."

// canceler speaks without a memory: the record already says that the
// prediction ended, this only makes its worker notice at once.
type canceler struct{ conn *nats.Conn }

func (c canceler) Cancel(_ context.Context, id string) error {
	return c.conn.Publish(cancelSubject+id, nil)
}

// OnCancel's channel is closed by the first request; the subscription ends with ctx.
func (c canceler) OnCancel(ctx context.Context, id string) (<-chan struct{}, error) {
	canceled := make(chan struct{})
	sub, err := c.conn.Subscribe(cancelSubject+id, func(m *nats.Msg) {
		select {
		case <-canceled:
		default:
			close(canceled) // only this callback closes, and calls of it do not overlap
		}
	})
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { sub.Unsubscribe() })
	return canceled, c.conn.Flush() // from here on no request is missed
}
