package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"easel/internal/journal/journaltest"
	"easel/internal/prediction"
)

var (
	kills   = flag.Int("kills", 5, "how often TestKill kills the program")
	clients = flag.Int("kill-clients", 20, "how many clients TestKill has")
	past    = flag.Int("kill-history", 500, "how many predictions there are before TestKill")
)

// TestKill kills the serving program again and again while clients create,
// wait, fetch and cancel. Everything accepted must end exactly once, and no
// file that is served may be half there.
func TestKill(t *testing.T) {
	data := t.TempDir()
	journaltest.Fill(t, filepath.Join(data, "journal"), *past, journaltest.Past{Events: 60, Picture: 20_000})
	k := &killing{t: t, ends: map[string]told{}}
	has := make([]told, *clients) // the prediction that each client waits for
	var listening, answering []time.Duration
	for i := range *kills + 1 {
		p := serve(t, data)
		took := time.Since(p.began)
		must[pageOf[told]](p, "GET", "/v1/predictions?limit=1", "")
		if i > 0 { // the first one has no crash behind it
			listening, answering = append(listening, took), append(answering, time.Since(p.began))
		}
		if i == *kills {
			k.check(p)
			break
		}
		var group sync.WaitGroup
		for i := range has {
			group.Go(func() { has[i] = k.client(p, has[i]) })
		}
		time.Sleep(time.Duration(50+rand.IntN(1500)) * time.Millisecond)
		p.kill()
		group.Wait()
		if t.Failed() {
			return
		}
	}
	slices.Sort(listening)
	slices.Sort(answering)
	longest := answering[len(answering)-1]
	t.Logf("start after a kill, %d predictions in history: listening after %v (median; longest %v), history answered after %v (median; longest %v)",
		*past, listening[len(listening)/2], listening[len(listening)-1], answering[len(answering)/2], longest)
	if limit := bar(2 * time.Second); longest > limit {
		t.Errorf("a start took %v, want %v", longest, limit)
	}
}

// killing is what the clients of TestKill know, whatever became of the program.
type killing struct {
	t *testing.T

	mu       sync.Mutex
	accepted []string
	ends     map[string]told // as a client was told first
}

// client goes on with the prediction that it has, or creates one; it waits for
// the end or cancels, fetches what was drawn, and so on until the program is
// gone. It returns the prediction whose end it has not seen.
func (k *killing) client(p *process, got told) (left told) {
	for {
		if got.ID == "" {
			input := fmt.Sprintf(`{"input":{"prompt":"kill me","seed":%d,"num_inference_steps":1,"aspect_ratio":"custom","width":256,"height":256,"output_format":"png","disable_safety_checker":true}}`, rand.IntN(5))
			if p.ask("POST", "/v1/models/easel/emoji/predictions", input, &got) != nil {
				return told{}
			}
			k.mu.Lock()
			k.accepted = append(k.accepted, got.ID)
			k.mu.Unlock()
		}
		if rand.IntN(4) == 0 {
			time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
			if p.ask("POST", "/v1/predictions/"+got.ID+"/cancel", "", &got) != nil {
				return got
			}
			if !got.Status.Final() {
				k.t.Errorf("%s: a cancel answered %s", got.ID, got.Status)
			}
		}
		for !got.Status.Final() {
			time.Sleep(20 * time.Millisecond)
			if p.ask("GET", "/v1/predictions/"+got.ID, "", &got) != nil {
				return got
			}
		}
		k.ended(got)
		if k.fetch(got) != nil {
			return told{}
		}
		got = told{}
	}
}

// ended remembers what a client was told, and that it is told nothing else.
func (k *killing) ended(got told) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if first, known := k.ends[got.ID]; known && (first.Status != got.Status || first.CompletedAt != got.CompletedAt) {
		k.t.Errorf("%s ended twice: %s at %s, %s at %s", got.ID, first.Status, first.CompletedAt, got.Status, got.CompletedAt)
	}
	k.ends[got.ID] = got
}

// fetch reads a prediction's pictures to their ends and looks at them.
func (k *killing) fetch(got told) error {
	for _, address := range got.Output {
		torn, err := fetchPNG(address)
		if torn != nil {
			k.t.Errorf("%s: %v", got.ID, torn)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// check waits for the end of everything and looks at each story.
func (k *killing) check(p *process) {
	t := k.t
	for limit := time.Now().Add(5 * time.Minute); k.left(p) > 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("some predictions do not end")
		}
	}
	count := map[prediction.Status]int{}
	again, early := 0, len(k.ends)
	for _, id := range k.accepted {
		got := must[told](p, "GET", "/v1/predictions/"+id, "")
		k.ended(got)
		count[got.Status]++
		log := must[pageOf[prediction.Event]](p, "GET", "/v1/predictions/"+id+"/events", "").Results
		for i, e := range log {
			if e.N != uint64(i+1) || (e.Type == prediction.EventDone) != (i == len(log)-1) {
				t.Fatalf("%s: its log is broken at event %d of %d: %v", id, i+1, len(log), log)
			}
		}
		starts := 0
		for _, e := range log {
			if e.Type == prediction.EventStarted {
				starts++
			}
		}
		if starts > 1 {
			again++
		}
		switch got.Status {
		case prediction.Succeeded:
			if len(got.Output) != 1 {
				t.Errorf("%s: output %v", id, got.Output)
			}
		case prediction.Failed:
			if !strings.Contains(got.Error, "was given up") {
				t.Errorf("%s: %s", id, got.Error)
			}
		}
		if err := k.fetch(got); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d kills, %d predictions accepted: %v; %d begun more than once; %d ends told to clients before the last start",
		*kills, len(k.accepted), count, again, early)
	if count[prediction.Succeeded] == 0 || count[prediction.Canceled] == 0 {
		t.Error("too little happened")
	}
}

// left counts what has not ended, up to a few.
func (k *killing) left(p *process) int {
	n := 0
	for _, status := range []prediction.Status{prediction.Starting, prediction.Processing} {
		n += len(must[pageOf[told]](p, "GET", "/v1/predictions?limit=5&status="+string(status), "").Results)
	}
	return n
}
