package journal

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// forgetful is every stream's window for message ids. None are used here, and
// the server reads the window's messages again whenever it starts, which for
// the usual two minutes of pictures takes seconds.
const forgetful = time.Second

// stream makes a stream, or brings it up to date.
func stream(ctx context.Context, js jetstream.JetStream, opts Options, c jetstream.StreamConfig) (jetstream.Stream, error) {
	c.Replicas, c.Duplicates = opts.Replicas, forgetful
	return js.CreateOrUpdateStream(ctx, c)
}

// keyValue makes a bucket as the client library lays it out.
func keyValue(ctx context.Context, js jetstream.JetStream, opts Options, name string) (jetstream.KeyValue, error) {
	_, err := stream(ctx, js, opts, jetstream.StreamConfig{
		Name: "KV_" + name, Subjects: []string{"$KV." + name + ".>"}, MaxMsgsPerSubject: 1,
		Discard: jetstream.DiscardNew, AllowDirect: true, AllowRollup: true, DenyDelete: true,
		AllowMsgTTL: true, SubjectDeleteMarkerTTL: tombstoneLife,
	})
	if err != nil {
		return nil, err
	}
	return js.KeyValue(ctx, name)
}

// bucket is an object store and the stream under it, which can forget an
// object wholly: the store itself would keep a marker of each for ever.
type bucket struct {
	jetstream.ObjectStore
	name   string
	stream jetstream.Stream
}

// objects makes an object store as the client library lays it out.
func objects(ctx context.Context, js jetstream.JetStream, opts Options, name string, age time.Duration) (b bucket, err error) {
	b.name = name
	b.stream, err = stream(ctx, js, opts, jetstream.StreamConfig{
		Name: "OBJ_" + name, Subjects: []string{"$O." + name + ".C.>", "$O." + name + ".M.>"}, MaxAge: age,
		Discard: jetstream.DiscardNew, AllowDirect: true, AllowRollup: true,
	})
	if err == nil {
		b.ObjectStore, err = js.ObjectStore(ctx, name)
	}
	return b, err
}
