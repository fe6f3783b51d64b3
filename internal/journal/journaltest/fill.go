// Package journaltest makes journals that have a past, for tests.
package journaltest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"easel/internal/journal"
	"easel/internal/prediction"
)

// Serve runs a NATS server as an operator would beside Easel, until the test
// ends or stop is called.
func Serve(t testing.TB, dir string, syncAlways bool) (url string, stop func()) {
	t.Helper()
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: dir, SyncAlways: syncAlways,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	stop = sync.OnceFunc(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	t.Cleanup(stop)
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server did not start")
	}
	return srv.ClientURL(), stop
}

// Past is what Fill makes of each prediction, besides its record.
type Past struct {
	Events  int // a run of 28 steps leaves 60
	Picture int // bytes; 0: none
}

// Fill writes n ended predictions into a journal's directory, the oldest
// first, by a server that does not sync, as quickly as it can.
func Fill(t testing.TB, dir string, n int, past Past) {
	t.Helper()
	url, stop := Serve(t, filepath.Join(dir, "journal"), false)
	defer stop()
	j, err := journal.Open(context.Background(), journal.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const writers = 8
	var group sync.WaitGroup
	for first := range writers {
		group.Go(func() {
			for i := first; i < n; i += writers {
				if err := write(j.Ports(), conn, i, past); err != nil {
					t.Errorf("prediction %d of the past: %v", i, err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := conn.FlushTimeout(time.Minute); err != nil {
		t.Fatal(err)
	}
}

func write(ports prediction.Ports, conn *nats.Conn, i int, past Past) error {
	ctx := context.Background()
	p := Record(i)
	if past.Picture > 0 {
		picture := make([]byte, past.Picture)
		rand.NewChaCha8([32]byte{byte(i)}).Read(picture)
		f, err := ports.Files.Put(ctx, prediction.File{Name: "out-0.webp", ContentType: "image/webp"}, bytes.NewReader(picture))
		if err != nil {
			return err
		}
		p.Output = []string{f.Token}
	}
	if _, err := ports.Store.Create(ctx, p); err != nil {
		return err
	}
	for k := range past.Events {
		e, err := json.Marshal(prediction.Event{
			N: uint64(k + 2), Type: prediction.EventStep, At: p.CreatedAt,
			Data: json.RawMessage(`{"of":28,"phase":"steps","picture":0,"seconds":0.025,"step":12}`),
		})
		if err != nil {
			return err
		}
		if err := conn.Publish("easel.events."+p.ID, e); err != nil {
			return err
		}
	}
	return nil
}

// Record is the n-th prediction of a past: logs of 28 steps, one picture.
func Record(n int) prediction.Prediction {
	at := time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC)
	begun, ended := at.Add(time.Second), at.Add(2*time.Second)
	input, _ := json.Marshal(map[string]any{ // a map of strings always marshals
		"prompt": fmt.Sprintf("a %s %s in the style of %s, number %d, soft light, highly detailed, plain background",
			pick(n, "red", "blue", "small", "happy", "wooden"), pick(n/5, "cat", "boat", "house", "tree"), pick(n/20, "an emoji", "a woodcut"), n),
	})
	p := prediction.Prediction{
		ID: prediction.NewID(at), Model: "easel/emoji", Version: strings.Repeat("0123456789abcdef", 4), Status: prediction.Succeeded,
		Input: input, Source: "api", CreatedAt: at, StartedAt: &begun, CompletedAt: &ended, Attempts: 1,
		StreamToken: prediction.NewToken(), Output: []string{prediction.NewToken()},
		Extra: prediction.Extra{
			Seeds: []int64{int64(n)}, Timings: &prediction.Timings{Text: 0.1, Steps: 0.7, Decode: 0.1, Total: 1}, Verdicts: []prediction.Verdict{{}},
		},
	}
	for i := range 28 {
		p.Logs += fmt.Sprintf("%3d%%|██████████| %d/28 [00:00<00:00, 40.00it/s]\n", (i+1)*100/28, i+1)
	}
	return p
}

func pick(n int, words ...string) string { return words[n%len(words)] }
