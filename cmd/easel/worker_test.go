package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"easel/internal/journal/journaltest"
	"easel/internal/prediction"
)

// A worker in a process of its own draws what a server accepted, by way of a
// NATS server that an operator runs, also when that server was killed; another
// one serves what was drawn.
func TestWorkerElsewhere(t *testing.T) {
	nats, _ := journaltest.Serve(t, t.TempDir(), true)
	first := serve(t, t.TempDir(), "--nats", nats)
	worker := launch(t, "worker", "--nats", nats, "--data", t.TempDir(), "--dev", tinyModel, "--device", "cpu")
	worker.start()

	const n = 12
	ids := make([]string, n)
	for i := range ids {
		ids[i] = must[told](first, "POST", "/v1/models/easel/emoji/predictions",
			`{"input":{"prompt":"from afar","num_inference_steps":20,"megapixels":"0.25","output_format":"png"}}`).ID
	}
	first.kill()
	second := serve(t, t.TempDir(), "--nats", nats)
	for _, id := range ids {
		var got told
		for end := time.Now().Add(2 * time.Minute); !got.Status.Final(); time.Sleep(50 * time.Millisecond) {
			got = must[told](second, "GET", "/v1/predictions/"+id, "")
			if time.Now().After(end) {
				t.Fatalf("%s is %s", id, got.Status)
			}
		}
		if got.Status != prediction.Succeeded || len(got.Output) != 1 {
			t.Fatalf("%s: %s %s %v", id, got.Status, got.Error, got.Output)
		}
		if torn, err := fetchPNG(got.Output[0]); torn != nil || err != nil {
			t.Errorf("%s: %v %v", id, torn, err)
		}
	}
	if err := worker.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := worker.cmd.Wait(); err != nil {
		t.Errorf("the worker ends with %v", err)
	}
	if log := worker.said.String(); !strings.Contains(log, "msg=ended") {
		t.Errorf("the worker drew nothing:\n%s", log)
	}
}

// A worker joins the server that is embedded in another process.
func TestWorkerJoins(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	free.Close()
	p := serve(t, t.TempDir(), "--nats-listen", at, "--nats-token", "of the house")
	worker := launch(t, "worker", "--nats", "nats://"+at, "--nats-token", "of the house", "--data", t.TempDir(), "--dev", tinyModel, "--device", "cpu")
	worker.start()
	drawn := 0
	for end := time.Now().Add(time.Minute); drawn == 0 && time.Now().Before(end); { // until the worker has had one
		for range 8 {
			must[told](p, "POST", "/v1/models/easel/emoji/predictions", `{"input":{"prompt":"from afar","num_inference_steps":4,"megapixels":"0.25"}}`)
		}
		time.Sleep(time.Second)
		drawn = strings.Count(worker.said.String(), "msg=ended")
	}
	if drawn == 0 {
		t.Errorf("the worker drew nothing:\n%s", worker.said)
	}
	stranger := launch(t, "worker", "--nats", "nats://"+at, "--data", t.TempDir(), "--dev", tinyModel, "--device", "cpu")
	stranger.start()
	if err := stranger.cmd.Wait(); err == nil || !strings.Contains(stranger.said.String(), "Authorization") {
		t.Errorf("without the token: %v %s", err, stranger.said)
	}
}

func TestWorkerNeedsNats(t *testing.T) {
	data := filepath.Join(t.TempDir(), "none")
	p := launch(t, "worker", "--data", data)
	p.start()
	err := p.cmd.Wait()
	if err == nil || !strings.Contains(p.said.String(), "--nats is missing") || strings.Count(p.said.String(), "\n") != 1 {
		t.Errorf("%v: %s", err, p.said)
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("it made a directory all the same")
	}
}
