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
		NoSigs:     true,

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
		if opts.Port == 0 {
			opts.Port = server.RANDOM_PORT
		}
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return err
	}
	srv.SetLoggerV2(natsLog{j.opts.Log}, false, false, false)
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

// natsLog passes the server's warnings on; its notices are details here.
type natsLog struct{ *slog.Logger }

func (l natsLog) Noticef(format string, v ...any) { l.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Warnf(format string, v ...any)   { l.Warn("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Errorf(format string, v ...any)  { l.Error("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Fatalf(format string, v ...any)  { l.Error("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Debugf(string, ...any)           {}
func (l natsLog) Tracef(string, ...any)           {}
