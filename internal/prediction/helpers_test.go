package prediction_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"easel/internal/journal"
	"easel/internal/prediction"
	"easel/internal/prediction/predictiontest"
)

// stage is a service whose workers the test starts itself.
type stage struct {
	*prediction.Service
	ports prediction.Ports
}

func newStage(t *testing.T, opts prediction.Options) *stage {
	t.Helper()
	ports := predictiontest.Journal(t, journal.Options{Dir: t.TempDir(), AckWait: time.Second}).Ports()
	return &stage{prediction.NewService(ports, opts), ports}
}

func (s *stage) work(t *testing.T, g prediction.Generator, opts prediction.Options) (stop func()) {
	t.Helper()
	if opts.Heartbeat == 0 {
		opts.Heartbeat = 200 * time.Millisecond // AckWait is 1 s
	}
	return predictiontest.Go(t, prediction.NewWorker(s.ports, g, opts).Run)
}

func (s *stage) create(t *testing.T, prompt string, change ...func(*prediction.New)) prediction.Prediction {
	t.Helper()
	input, _ := json.Marshal(map[string]any{"prompt": prompt, "num_outputs": 2})
	n := prediction.New{Model: "easel/emoji", Version: "v", Source: "api", Input: input}
	for _, c := range change {
		c(&n)
	}
	p, err := s.Create(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// wait returns the record at its end and checks that its log ended with it, once.
func (s *stage) wait(t *testing.T, id string, want prediction.Status) prediction.Prediction {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	p, err := s.Wait(ctx, id)
	if err != nil {
		t.Fatalf("wait: %v", err)
	}
	if p.Status != want || p.CompletedAt == nil {
		t.Fatalf("ended %s (%s) at %v, want %s", p.Status, p.Error, p.CompletedAt, want)
	}
	log, err := s.Replay(ctx, id, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range log {
		if e.N != uint64(i+1) || (e.Type == prediction.EventDone) != (i == len(log)-1) {
			t.Errorf("event %d of %d is number %d, %s", i+1, len(log), e.N, e.Type)
		}
	}
	last := log[len(log)-1]
	if want := fmt.Sprintf(`{"error":%q,"status":%q}`, p.Error, p.Status); string(last.Data) != want {
		t.Errorf("last event %s, want %s", last.Data, want)
	}
	return p
}

// reaches waits until a record is in a state.
func (s *stage) reaches(t *testing.T, id string, what string, ok func(prediction.Prediction) bool) prediction.Prediction {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		p, err := s.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if ok(p) {
			return p
		}
		if time.Now().After(limit) {
			t.Fatalf("not %s in 20 s: %+v", what, p)
		}
	}
}

func processing(p prediction.Prediction) bool { return p.Status == prediction.Processing }

func (s *stage) count(t *testing.T, id string, typ prediction.EventType) (n int) {
	t.Helper()
	log, err := s.Replay(t.Context(), id, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range log {
		if e.Type == typ {
			n++
		}
	}
	return n
}

func zeros(n int) *bytes.Reader { return bytes.NewReader(make([]byte, n)) }
