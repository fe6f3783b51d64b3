package prediction_test

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"easel/internal/prediction"
	"easel/internal/prediction/predictiontest"
)

func TestSucceeds(t *testing.T) {
	s := newStage(t, prediction.Options{})
	s.work(t, &predictiontest.Generator{}, prediction.Options{})
	p := s.wait(t, s.create(t, "x").ID, prediction.Succeeded)
	if p.StartedAt == nil || p.StartedAt.Before(p.CreatedAt) || p.CompletedAt.Before(*p.StartedAt) || p.Attempts != 1 || p.Error != "" {
		t.Errorf("%+v", p)
	}
	if len(p.Output) != 2 || len(p.Extra.Seeds) != 2 || p.Extra.Timings.Total == 0 || len(p.Extra.Verdicts) != 2 {
		t.Errorf("output %v, extra %+v", p.Output, p.Extra)
	}
	for i, token := range p.Output {
		f, body, err := s.Files().Open(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(body)
		if f.Name != "out-"+strconv.Itoa(i)+".webp" || f.ContentType != "image/webp" || int64(len(data)) != f.Size || f.Size == 0 {
			t.Errorf("%+v, %d bytes", f, len(data))
		}
	}
	checkLogs(t, p.Logs)
}

// tqdm is how Replicate's clients find progress in logs.
var tqdm = regexp.MustCompile(`^\s*(\d+)%\s*\|.+?\|\s*(\d+)\/(\d+)`)

func checkLogs(t *testing.T, logs string) {
	t.Helper()
	if strings.Contains(logs, "\r") || !strings.HasSuffix(logs, "\n") {
		t.Errorf("logs %q", logs)
	}
	last := -1
	for line := range strings.Lines(logs) {
		m := tqdm.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("line %q is no progress", line)
		}
		percent, _ := strconv.Atoi(m[1])
		if percent < last {
			t.Errorf("%d%% after %d%%", percent, last)
		}
		last = percent
	}
	if last != 100 {
		t.Errorf("ends at %d%%", last)
	}
}

func TestFails(t *testing.T) {
	s := newStage(t, prediction.Options{})
	s.work(t, &predictiontest.Generator{}, prediction.Options{})
	if p := s.wait(t, s.create(t, "fail The mask repaints nothing.").ID, prediction.Failed); p.Error != "The mask repaints nothing." {
		t.Errorf("error %q", p.Error)
	}
	if p := s.wait(t, s.create(t, "panic").ID, prediction.Failed); !strings.Contains(p.Error, "failed unexpectedly") {
		t.Errorf("error %q", p.Error)
	}
	s.wait(t, s.create(t, "x").ID, prediction.Succeeded)
}

func TestProgressIsRecorded(t *testing.T) {
	s := newStage(t, prediction.Options{})
	s.work(t, &predictiontest.Generator{Steps: 20, StepTime: 60 * time.Millisecond}, prediction.Options{})
	p := s.create(t, "x")
	s.reaches(t, p.ID, "told of its steps", func(p prediction.Prediction) bool { return processing(p) && strings.Contains(p.Logs, "/40") })
	s.reaches(t, p.ID, "in possession of a picture", func(p prediction.Prediction) bool { return processing(p) && len(p.Output) == 1 })
	if p, _ := s.Cancel(t.Context(), p.ID); p.Status != prediction.Canceled || len(p.Output) != 1 {
		t.Errorf("canceled: %+v", p)
	}
}

func TestCancelWaiting(t *testing.T) {
	s := newStage(t, prediction.Options{})
	p := s.create(t, "x")
	if got, err := s.Cancel(t.Context(), p.ID); err != nil || got.Status != prediction.Canceled || got.CompletedAt == nil {
		t.Fatalf("%s, error %v", got.Status, err)
	}
	var runs atomic.Int32
	s.work(t, &predictiontest.Generator{Started: func(prediction.Prediction) { runs.Add(1) }}, prediction.Options{})
	s.wait(t, s.create(t, "x").ID, prediction.Succeeded)
	s.wait(t, p.ID, prediction.Canceled)
	if runs.Load() != 1 {
		t.Errorf("%d runs", runs.Load())
	}
	if got, err := s.Cancel(t.Context(), p.ID); err != nil || got.Status != prediction.Canceled {
		t.Errorf("canceled again: %s, error %v", got.Status, err)
	}
}

func TestCancelRunning(t *testing.T) {
	s := newStage(t, prediction.Options{})
	s.work(t, &predictiontest.Generator{}, prediction.Options{Heartbeat: time.Minute})
	p := s.create(t, "hang")
	s.reaches(t, p.ID, "processing", processing)
	if got, err := s.Cancel(t.Context(), p.ID); err != nil || got.Status != prediction.Canceled {
		t.Fatalf("%s, error %v", got.Status, err)
	}
	began := time.Now()
	s.wait(t, s.create(t, "x").ID, prediction.Succeeded) // the worker is free
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the worker was free after %v", took)
	}
	s.wait(t, p.ID, prediction.Canceled)
	if p, _ := s.Cancel(t.Context(), s.wait(t, s.create(t, "x").ID, prediction.Succeeded).ID); p.Status != prediction.Succeeded {
		t.Errorf("cancel after success: %s", p.Status)
	}
}

// deaf loses every cancel message, as a broken connection does.
type deaf struct{ prediction.Canceler }

func (deaf) Cancel(context.Context, string) error { return errors.New("nobody listens") }

func TestCancelMessageLost(t *testing.T) {
	s := newStage(t, prediction.Options{})
	s.work(t, &predictiontest.Generator{}, prediction.Options{Heartbeat: 50 * time.Millisecond})
	p := s.create(t, "hang")
	s.reaches(t, p.ID, "processing", processing)
	ports := s.ports
	ports.Canceler = deaf{}
	if got, err := prediction.NewService(ports, prediction.Options{}).Cancel(t.Context(), p.ID); err != nil || got.Status != prediction.Canceled {
		t.Fatalf("%s, error %v", got.Status, err)
	}
	s.wait(t, s.create(t, "x").ID, prediction.Succeeded)
}

func TestDeadlineRunning(t *testing.T) {
	s := newStage(t, prediction.Options{})
	s.work(t, &predictiontest.Generator{}, prediction.Options{})
	p := s.create(t, "hang", func(n *prediction.New) { n.CancelAfter = 300 * time.Millisecond })
	p = s.wait(t, p.ID, prediction.Canceled)
	if late := p.CompletedAt.Sub(*p.Deadline); late < 0 || late > time.Second {
		t.Errorf("ended %v after its deadline", late)
	}
}

func TestDeadlineWaiting(t *testing.T) {
	s := newStage(t, prediction.Options{})
	p := s.create(t, "x", func(n *prediction.New) { n.CancelAfter = 100 * time.Millisecond })
	predictiontest.Go(t, s.Run)
	p = s.wait(t, p.ID, prediction.Canceled)
	if late := p.CompletedAt.Sub(*p.Deadline); late < 0 || late > 2*time.Second || p.Attempts != 0 {
		t.Errorf("ended %v after its deadline, %d attempts", late, p.Attempts)
	}
}

// A worker that stops gives its prediction back, and the next one begins anew.
func TestStop(t *testing.T) {
	s := newStage(t, prediction.Options{})
	stop := s.work(t, &predictiontest.Generator{Steps: 3, StepTime: 300 * time.Millisecond}, prediction.Options{})
	p := s.create(t, "x")
	s.reaches(t, p.ID, "in possession of a picture", func(p prediction.Prediction) bool { return len(p.Output) == 1 })
	stop()
	left := s.reaches(t, p.ID, "processing", processing)
	s.work(t, &predictiontest.Generator{}, prediction.Options{})
	p = s.wait(t, p.ID, prediction.Succeeded)
	if p.Attempts != 2 || len(p.Output) != 2 || s.count(t, p.ID, prediction.EventStarted) != 2 {
		t.Errorf("%d attempts, output %v", p.Attempts, p.Output)
	}
	if _, err := s.Files().Stat(t.Context(), left.Output[0]); !errors.Is(err, prediction.ErrNotFound) {
		t.Errorf("the first attempt's picture: %v", err)
	}
	checkLogs(t, p.Logs)
}

// hardOfHearing writes, and once does not hear that it has.
type hardOfHearing struct {
	prediction.Store
	once atomic.Bool
}

func (d *hardOfHearing) Update(ctx context.Context, p prediction.Prediction, rev uint64) (uint64, error) {
	next, err := d.Store.Update(ctx, p, rev)
	if p.Logs != "" && !p.Status.Final() && d.once.CompareAndSwap(false, true) {
		return 0, context.DeadlineExceeded
	}
	return next, err
}

func TestProgressAfterAnUnheardWrite(t *testing.T) {
	s := newStage(t, prediction.Options{})
	s.ports.Store = &hardOfHearing{Store: s.ports.Store}
	s.work(t, &predictiontest.Generator{Steps: 60, StepTime: 50 * time.Millisecond}, prediction.Options{})
	p := s.create(t, "x")
	s.reaches(t, p.ID, "half way, and told so", func(p prediction.Prediction) bool {
		if p.Status.Final() {
			t.Fatal("nothing was recorded on the way")
		}
		return strings.Count(p.Logs, "\n") > 40
	})
	s.Cancel(t.Context(), p.ID)
}

// A server that is stopped and started again is no reason to give up.
func TestReturnsAreNoDeaths(t *testing.T) {
	s := newStage(t, prediction.Options{})
	p := s.create(t, "slow")
	for n := 1; n <= 3; n++ {
		stop := s.work(t, &predictiontest.Generator{}, prediction.Options{MaxAttempts: 2})
		s.reaches(t, p.ID, "started anew", func(p prediction.Prediction) bool { return p.Attempts == n && processing(p) })
		stop()
	}
	s.work(t, &predictiontest.Generator{Steps: 1}, prediction.Options{MaxAttempts: 2})
	if p := s.wait(t, p.ID, prediction.Succeeded); p.Attempts != 4 || p.Returns != 3 {
		t.Errorf("%d attempts, %d returns", p.Attempts, p.Returns)
	}
}

func TestStopWithGrace(t *testing.T) {
	s := newStage(t, prediction.Options{})
	stop := s.work(t, &predictiontest.Generator{StepTime: 50 * time.Millisecond}, prediction.Options{Grace: 10 * time.Second})
	p := s.create(t, "x")
	s.reaches(t, p.ID, "processing", processing)
	stop()
	if p := s.wait(t, p.ID, prediction.Succeeded); p.Attempts != 1 {
		t.Errorf("%d attempts", p.Attempts)
	}
}

// A worker that was taken for dead and is not must not end what is another's now.
func TestTakenOver(t *testing.T) {
	s := newStage(t, prediction.Options{})
	frozen := &predictiontest.Generator{Steps: 2, StepTime: 1500 * time.Millisecond}
	s.work(t, frozen, prediction.Options{Heartbeat: time.Hour}) // AckWait is 1 s
	p := s.create(t, "x")
	s.reaches(t, p.ID, "processing", processing)
	s.work(t, &predictiontest.Generator{Steps: 30, StepTime: 100 * time.Millisecond}, prediction.Options{})
	s.reaches(t, p.ID, "taken over", func(p prediction.Prediction) bool { return p.Attempts == 2 })
	p = s.wait(t, p.ID, prediction.Succeeded)
	if p.Attempts != 2 || len(p.Output) != 2 || !strings.Contains(p.Logs, "60/60") {
		t.Errorf("%d attempts, output %v, logs %s", p.Attempts, p.Output, p.Logs)
	}
	for _, token := range p.Output {
		if _, err := s.Files().Stat(t.Context(), token); err != nil {
			t.Errorf("output: %v", err)
		}
	}
}

// dies takes a prediction as a worker does and is never heard of again.
func (s *stage) dies(t *testing.T, id string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	d, err := s.ports.Queue.Receive(ctx)
	if err != nil || d.ID() != id {
		t.Fatalf("received %v, error %v", d, err)
	}
	p, rev, err := s.ports.Store.Get(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	p.Status = prediction.Processing
	p.Attempts++
	if _, err := s.ports.Store.Update(ctx, p, rev); err != nil {
		t.Fatal(err)
	}
}

func TestGivenUp(t *testing.T) {
	s := newStage(t, prediction.Options{})
	p := s.create(t, "x")
	s.dies(t, p.ID)
	s.dies(t, p.ID)
	s.work(t, &predictiontest.Generator{}, prediction.Options{MaxAttempts: 2})
	if p = s.wait(t, p.ID, prediction.Failed); p.Error != "The worker died 2 times while drawing this; it was given up." {
		t.Errorf("error %q", p.Error)
	}
}

// Whoever ended a record may die before saying so: the next delivery does.
func TestEndIsTold(t *testing.T) {
	s := newStage(t, prediction.Options{})
	p := s.create(t, "x")
	r, rev, err := s.ports.Store.Get(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	follower, _, err := s.Follow(t.Context(), p.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	r.Status, r.CompletedAt = prediction.Canceled, &now
	if _, err := s.ports.Store.Update(t.Context(), r, rev); err != nil {
		t.Fatal(err)
	}
	s.wait(t, p.ID, prediction.Canceled) // readers see the end without the event
	s.work(t, &predictiontest.Generator{}, prediction.Options{})
	var last prediction.Event
	for e := range follower {
		last = e
	}
	if last.Type != prediction.EventDone || last.N != 2 {
		t.Errorf("followed to %d %s", last.N, last.Type)
	}
}
