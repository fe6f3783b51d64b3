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

// stream makes a stream, or brings it up to date. How many copies of one that
// is there a cluster keeps is its operator's choice.
func stream(ctx context.Context, js jetstream.JetStream, opts Options, c jetstream.StreamConfig) (jetstream.Stream, error) {
	c.Replicas, c.Duplicates = max(1, opts.Replicas), forgetful
	if there, err := js.Stream(ctx, c.Name); err == nil && opts.Replicas == 0 {
		c.Replicas = there.CachedInfo().Config.Replicas
	}
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
