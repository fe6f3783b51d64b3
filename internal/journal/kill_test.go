package journal_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"easel/internal/journal"
	"easel/internal/prediction"
)

var (
	kills   = flag.Int("kills", 5, "how often TestKill kills the server")
	clients = flag.Int("kill-clients", 20, "how many clients TestKill has")
	past    = flag.Int("kill-history", 500, "how many predictions there are before TestKill")
)

// TestKill kills a serving process again and again while clients create, wait
// and cancel. Everything accepted must end exactly once, and no file that is
// served may be half there.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, *past, 60)
	k := &killing{t: t, http: &http.Client{Timeout: 5 * time.Second}, seen: map[string]prediction.Prediction{}}
	var starts []time.Duration
	for i := range *kills {
		server, took := k.start(dir)
		if i > 0 {
			starts = append(starts, took) // the first one has no crash behind it
		}
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for range *clients {
			group.Go(func() { k.client(ctx, server.url) })
		}
		time.Sleep(time.Duration(50+rand.IntN(1500)) * time.Millisecond)
		server.kill()
		stop()
		group.Wait()
		if t.Failed() {
			return
		}
	}
	server, took := k.start(dir)
	starts = append(starts, took)
	defer server.kill()
	k.check(server.url)
	slices.Sort(starts)
	t.Logf("start after a kill: median %v, longest %v", starts[len(starts)/2], starts[len(starts)-1])
	if limit := bar(2 * time.Second); starts[len(starts)-1] > limit {
		t.Errorf("a start took %v, want %v", starts[len(starts)-1], limit)
	}
}

type killing struct {
	t    *testing.T
	http *http.Client

	mu       sync.Mutex
	accepted []string
	seen     map[string]prediction.Prediction // the end that a client was told of
}

type victim struct {
	url string
	cmd *exec.Cmd
}

// start runs this test binary as a server, and says how long that took to answer.
func (k *killing) start(dir string) (*victim, time.Duration) {
	k.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		k.t.Fatalf("the server did not start: %v", err)
	}
	v := &victim{strings.TrimSpace(line), cmd}
	var page prediction.Page
	opened := time.Since(began)
	for err := errors.New("not asked"); err != nil; { // it answers when the history is read
		if err = k.call(k.t.Context(), "GET", v.url+"/list", nil, &page); err != nil {
			k.t.Logf("open after %v, no list after %v: %v", opened, time.Since(began), err)
		}
		if time.Since(began) > time.Minute {
			k.t.Fatal("the server does not answer")
		}
	}
	return v, time.Since(began)
}

func (v *victim) kill() {
	v.cmd.Process.Kill() // SIGKILL
	v.cmd.Wait()
}

func (k *killing) call(ctx context.Context, method, url string, in, out any) error {
	var body bytes.Buffer
	json.NewEncoder(&body).Encode(in)
	req, err := http.NewRequestWithContext(ctx, method, url, &body)
	if err != nil {
		return err
	}
	resp, err := k.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("%s %s: %d %s", method, url, resp.StatusCode, text)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// client creates, then waits for the end or cancels, until the server is gone.
func (k *killing) client(ctx context.Context, url string) {
	for ctx.Err() == nil {
		var p prediction.Prediction
		input := fmt.Sprintf(`{"prompt":"kill me","seed":%d}`, rand.IntN(1000))
		if k.call(ctx, "POST", url+"/create", prediction.New{Input: []byte(input)}, &p) != nil {
			return
		}
		k.mu.Lock()
		k.accepted = append(k.accepted, p.ID)
		k.mu.Unlock()
		if rand.IntN(4) == 0 {
			time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
			if k.call(ctx, "POST", url+"/cancel/"+p.ID, nil, &p) != nil {
				return
			}
			k.ended(p)
			continue
		}
		for !p.Status.Final() {
			time.Sleep(20 * time.Millisecond)
			if k.call(ctx, "GET", url+"/get/"+p.ID, nil, &p) != nil {
				return
			}
		}
		k.ended(p)
		if k.served(ctx, url, p) != nil {
			return
		}
	}
}

// ended remembers what a client was told, and that it is told nothing else.
func (k *killing) ended(p prediction.Prediction) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !p.Status.Final() {
		k.t.Errorf("%s: a cancel answered %s", p.ID, p.Status)
	}
	if before, ok := k.seen[p.ID]; ok && (before.Status != p.Status || !before.CompletedAt.Equal(*p.CompletedAt)) {
		k.t.Errorf("%s ended twice: %s at %v, %s at %v", p.ID, before.Status, before.CompletedAt, p.Status, p.CompletedAt)
	}
	k.seen[p.ID] = p
}

// served reads a prediction's files and compares them with what was drawn.
func (k *killing) served(ctx context.Context, url string, p prediction.Prediction) error {
	for i, token := range p.Output {
		var sum string
		if err := k.call(ctx, "GET", url+"/file/"+token, nil, &sum); err != nil {
			return err
		}
		if want := sha256.Sum256(drawing(p, i)); sum != hex.EncodeToString(want[:]) {
			k.t.Errorf("%s: file %d is not what was drawn", p.ID, i)
		}
	}
	return nil
}

// check waits for the end of everything and looks at each story.
func (k *killing) check(url string) {
	t, ctx := k.t, k.t.Context()
	count := map[prediction.Status]int{}
	again, givenUp, told := 0, 0, len(k.seen)
	for limit := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		var left int
		if err := k.call(ctx, "GET", url+"/left", nil, &left); err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("%d predictions have not ended", left)
		}
	}
	for _, id := range k.accepted {
		var p prediction.Prediction
		var log []prediction.Event
		if err := errors.Join(k.call(ctx, "GET", url+"/get/"+id, nil, &p), k.call(ctx, "GET", url+"/events/"+id, nil, &log)); err != nil {
			t.Fatal(err)
		}
		k.ended(p)
		count[p.Status]++
		if p.Attempts > 1 {
			again++
		}
		for i, e := range log {
			if e.N != uint64(i+1) || (e.Type == done) != (i == len(log)-1) {
				t.Fatalf("%s: %s", id, story(log))
			}
		}
		switch p.Status {
		case prediction.Succeeded:
			if len(p.Output) != pictures {
				t.Errorf("%s: output %v", id, p.Output)
			}
		case prediction.Failed:
			if givenUp++; !strings.Contains(p.Error, "was given up") {
				t.Errorf("%s: %s", id, p.Error)
			}
		}
		if err := k.served(ctx, url, p); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d kills, %d predictions accepted: %v, %d begun more than once, %d given up; %d ends told to clients before the last start",
		*kills, len(k.accepted), count, again, givenUp, told)
	if count[prediction.Succeeded] == 0 || count[prediction.Canceled] == 0 {
		t.Error("too little happened")
	}
}

// fill writes a history, by a server that does not sync, as quickly as it can:
// records, and so many events each; a run of 28 steps leaves 60.
func fill(t *testing.T, dir string, n, events int) {
	t.Helper()
	url, stop := serve(t, filepath.Join(dir, "journal"), false)
	defer stop()
	w := open(t, journal.Options{URL: url})
	defer w.Close()
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := worker; i < n; i += 8 {
				p := oldRecord(i)
				if _, err := w.Store.Create(context.Background(), p); err != nil {
					t.Error(err)
				}
				for j := range events {
					e, _ := json.Marshal(prediction.Event{N: uint64(j + 2), Type: step, At: p.CreatedAt, Data: json.RawMessage(`{"of":28,"phase":"steps","picture":0,"seconds":0.025,"step":12}`)})
					conn.Publish("easel.events."+p.ID, e)
				}
			}
		})
	}
	group.Wait()
	if err := conn.FlushTimeout(time.Minute); err != nil {
		t.Fatal(err)
	}
}
