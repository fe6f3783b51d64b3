package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// maxPayload leaves room above prediction.MaxInput for logs and headers.
const maxPayload = 1 << 20

const maxStore = 1 << 50

// startServer runs nats-server inside this process. SyncAlways: what a caller
// was told about is on disk.
func (j *Journal) startServer() error {
	if j.opts.Dir == "" {
		return errors.New("neither a directory nor a URL given")
	}
	var err error
	if j.lock, err = lockDir(j.opts.Dir); err != nil {
		return err
	}
	opts := &server.Options{
		ServerName: "easel",
		DontListen: true,
		JetStream:  true,
		StoreDir:   filepath.Join(j.opts.Dir, "journal"),
		SyncAlways: true,
		MaxPayload: maxPayload,
		// By default it is what is free at the start, of which streams with a
		// limit set their share aside: a small disk would be refused. See room.
		JetStreamMaxStore: maxStore,
		NoSigs:            true,

		DisableJetStreamBanner: true,
		Authorization:          j.opts.Token,
	}
	if j.opts.Listen != "" {
		host, port, err := net.SplitHostPort(j.opts.Listen)
		if err != nil {
			return fmt.Errorf("listen address: %w", err)
		}
		opts.DontListen, opts.Host = false, host
		if opts.Port, err = strconv.Atoi(port); err != nil {
			return fmt.Errorf("listen address: port %q is not a number", port)
		}
		probe, err := net.Listen("tcp", j.opts.Listen)
		if err != nil {
			return err // the server itself would only say that it did not start
		}
		probe.Close()
		if opts.Port == 0 {
			opts.Port = server.RANDOM_PORT
		}
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return err
	}
	srv.SetLoggerV2(natsLog{j.opts.Log, j.disk.heard}, false, false, false)
	j.server = srv
	srv.Start()
	if !srv.ReadyForConnections(30 * time.Second) {
		return errors.New("the embedded server did not start within 30 s; the log may say why")
	}
	if !srv.JetStreamEnabled() {
		return fmt.Errorf("the store in %s could not be opened; the log may say why", opts.StoreDir)
	}
	return nil
}

// reopenStore takes the store up as it is on the disk. Connections stay.
func (j *Journal) reopenStore() error {
	memory := j.server.JetStreamConfig().MaxMemory
	if err := j.server.ShutdownJetStream(); err != nil {
		return err
	}
	return j.server.EnableJetStream(&server.JetStreamConfig{
		StoreDir: filepath.Join(j.opts.Dir, "journal"), SyncAlways: true, MaxStore: maxStore, MaxMemory: memory, Strict: true,
	})
}

// natsLog passes the server's warnings on; its notices are details here.
type natsLog struct {
	*slog.Logger
	heard func(failure string)
}

func (l natsLog) Noticef(format string, v ...any) { l.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Warnf(format string, v ...any)   { l.Warn("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.Error("nats: " + text)
	l.heard(text)
}
func (l natsLog) Fatalf(format string, v ...any) { l.Error("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Debugf(string, ...any)          {}
func (l natsLog) Tracef(string, ...any)          {}
