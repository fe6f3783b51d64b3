// Package journal keeps predictions on NATS JetStream: their records in a
// key-value bucket, the queue in a work-queue stream, events in a stream,
// files in object stores. The server runs inside this process with its store
// in a directory, or elsewhere behind a URL; everything after the connection
// is the same code.
package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"easel/internal/prediction"
)

// Options say where the journal is kept and for how long.
type Options struct {
	Dir    string // of the embedded server's store; also of temporary files
	URL    string // of a NATS server to use instead of the embedded one
	Listen string // host:port where the embedded server takes workers; "": no port
	Token  string // that clients of Listen, or of URL, authenticate with; "": none

	Replicas     int           // of every stream, in a cluster; 0: one of a new stream, and as many as there are of an old one
	AckWait      time.Duration // without a sign of life before a prediction is delivered again; default 5 s
	EventsAge    time.Duration // how long events are kept; default 30 days
	EventsBytes  int64         // at most, the oldest go first; default 512 MiB
	UploadsAge   time.Duration // how long uploads are kept; default 24 h
	UploadsBytes int64         // of them at most, the oldest go first; default 4 GiB

	Log *slog.Logger // default: none
}

func (o Options) withDefaults() Options {
	if o.AckWait == 0 {
		o.AckWait = 5 * time.Second
	}
	if o.EventsAge == 0 {
		o.EventsAge = 30 * 24 * time.Hour
	}
	if o.EventsBytes == 0 {
		o.EventsBytes = 512 << 20
	}
	if o.UploadsAge == 0 {
		o.UploadsAge = 24 * time.Hour
	}
	if o.UploadsBytes == 0 {
		o.UploadsBytes = 4 << 30
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return o
}

// Journal is an open connection and what this process keeps of it in memory.
type Journal struct {
	opts   Options
	lock   io.Closer      // of Dir; nil with a URL
	server *server.Server // nil with a URL
	disk   *disk
	conn   *nats.Conn
	stop   context.CancelFunc // of what goes on in the background

	store  *store
	queue  *queue
	events *events
	files  *files
}

// Open connects to the server at opts.URL, or starts one with its store in
// opts.Dir, and makes the streams that are not there yet. The history is read
// in the background: List waits for it.
func Open(ctx context.Context, opts Options) (*Journal, error) {
	j := &Journal{opts: opts.withDefaults(), disk: newDisk(opts)}
	if err := j.open(ctx); err != nil {
		j.Close()
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return j, nil
}

func (j *Journal) open(ctx context.Context) error {
	if err := j.connect(); err != nil {
		return err
	}
	js, err := jetstream.New(j.conn)
	if err != nil {
		return err
	}
	if j.store, err = openStore(ctx, js, j.disk, j.opts); err != nil {
		return fmt.Errorf("records: %w", err)
	}
	if j.queue, err = openQueue(ctx, js, j.store.history, j.opts); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	if j.events, err = openEvents(ctx, j.conn, js, j.store, j.opts); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	if j.files, err = openFiles(ctx, js, j.disk, j.opts); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	life, stop := context.WithCancel(context.Background())
	j.stop = stop
	if j.server != nil {
		go j.disk.heal(life, j.opts.Log, j.reopenStore)
	}
	go j.files.pictures.keepClear(life, j.opts.Log)
	go j.files.uploads.keepClear(life, j.opts.Log)
	return nil
}

func (j *Journal) connect() error {
	if j.opts.Dir != "" {
		if err := os.MkdirAll(j.opts.Dir, 0o700); err != nil {
			return err
		}
	}
	options := []nats.Option{
		nats.Name("easel"), nats.MaxReconnects(-1),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			j.opts.Log.Warn("journal connection", "error", err)
		}),
	}
	if j.opts.Token != "" {
		options = append(options, nats.Token(j.opts.Token))
	}
	url := j.opts.URL
	if url == "" {
		if err := j.startServer(); err != nil {
			return err
		}
		options = append(options, nats.InProcessServer(j.server))
	}
	var err error
	if j.conn, err = nats.Connect(url, options...); err != nil {
		return err
	}
	return fit(j.conn.ConnectedServerVersion(), j.conn.MaxPayload())
}

// fit refuses a server that cannot do what the journal asks of it.
func fit(version string, payload int64) error {
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err == nil && (major < 2 || major == 2 && minor < 11) {
		return fmt.Errorf("the NATS server is version %s, at least 2.11 is needed", version)
	}
	if payload < maxPayload {
		return fmt.Errorf("the NATS server takes messages of %d bytes (max_payload), %d are needed", payload, maxPayload)
	}
	return nil
}

// Ports returns the journal as what the domain needs.
func (j *Journal) Ports() prediction.Ports {
	return prediction.Ports{
		Store: j.store, Queue: j.queue, Events: j.events,
		Canceler: canceler{j.conn}, Files: j.files,
	}
}

// Ready waits until the history has been read.
func (j *Journal) Ready(ctx context.Context) error { return j.store.history.wait(ctx) }

// Check says what keeps the journal from taking predictions now; nil: nothing.
// Strangers may read it, so it names no folder.
func (j *Journal) Check() error {
	if !j.conn.IsConnected() {
		return errors.New("the NATS server does not answer")
	}
	select {
	case <-j.store.history.ready:
		if j.disk.room() != nil {
			return prediction.ErrFull
		}
		return nil
	default:
		return errors.New("the history is being read")
	}
}

// ClientURL is where workers of other machines connect when Listen was given.
func (j *Journal) ClientURL() string {
	if j.server == nil {
		return j.opts.URL
	}
	return j.server.ClientURL()
}

// Close ends the connection, its watches with it, and the embedded server after it.
func (j *Journal) Close() error {
	if j.stop != nil {
		j.stop()
	}
	if j.conn != nil {
		j.conn.Close()
	}
	if j.server != nil {
		j.server.Shutdown()
		j.server.WaitForShutdown()
	}
	if j.lock != nil {
		return j.lock.Close()
	}
	return nil
}

// refused says whether a write lost against a revision guard.
func refused(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}
