package prediction_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"easel/internal/prediction"
	"easel/internal/prediction/predictiontest"
)

// Records that never came to the queue are found when a service starts.
func TestSweep(t *testing.T) {
	s := newStage(t, prediction.Options{})
	orphan := prediction.Prediction{
		ID: prediction.NewID(time.Now()), Status: prediction.Starting, Input: []byte(`{"prompt":"x"}`), CreatedAt: time.Now().UTC(),
	}
	if _, err := s.ports.Store.Create(t.Context(), orphan); err != nil {
		t.Fatal(err)
	}
	queued := s.create(t, "x")
	var runs atomic.Int32
	s.work(t, &predictiontest.Generator{Started: func(prediction.Prediction) { runs.Add(1) }}, prediction.Options{})
	s.wait(t, queued.ID, prediction.Succeeded)
	predictiontest.Go(t, s.Run)
	s.wait(t, orphan.ID, prediction.Succeeded)
	if runs.Load() != 2 {
		t.Errorf("%d runs of two predictions", runs.Load())
	}
}

func TestRetention(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits prediction.Retention
		check  func(t *testing.T, s *stage, old, young prediction.Prediction)
	}{
		{"data by age", prediction.Retention{Data: time.Hour}, dataGone},
		{"data by bytes", prediction.Retention{DataBytes: 50_000}, dataGone},
		{"history by age", prediction.Retention{History: time.Hour}, recordGone},
		{"history by bytes", prediction.Retention{HistoryBytes: 10_000}, recordGone},
	} {
		t.Run(c.name, func(t *testing.T) {
			var shift atomic.Int64 // of the clock
			now := func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }
			s := newStage(t, prediction.Options{Retention: c.limits, Sweep: 50 * time.Millisecond, Now: now})
			s.work(t, &predictiontest.Generator{Steps: 1}, prediction.Options{Now: now})
			file, err := s.Files().Put(t.Context(), prediction.File{Name: "in"}, zeros(100_000))
			if err != nil {
				t.Fatal(err)
			}
			old := s.wait(t, s.create(t, strings.Repeat("long ", 4000), func(n *prediction.New) { n.Files = []string{file.Token} }).ID, prediction.Succeeded)
			shift.Store(int64(2 * time.Hour))
			young := s.wait(t, s.create(t, "x").ID, prediction.Succeeded)
			predictiontest.Go(t, s.Run)
			c.check(t, s, old, young)
			for _, token := range append(old.Output, old.Files...) {
				if _, err := s.Files().Stat(t.Context(), token); !errors.Is(err, prediction.ErrNotFound) {
					t.Errorf("file of the old prediction: %v", err)
				}
			}
			if p, err := s.Get(t.Context(), young.ID); err != nil || p.DataRemoved || len(p.Output) != 2 {
				t.Errorf("young prediction: %+v, error %v", p, err)
			}
		})
	}
}

func dataGone(t *testing.T, s *stage, old, young prediction.Prediction) {
	p := s.reaches(t, old.ID, "without data", func(p prediction.Prediction) bool { return p.DataRemoved })
	if len(p.Output)+len(p.Files) > 0 || p.Status != prediction.Succeeded {
		t.Errorf("%+v", p)
	}
	eventually(t, "files gone", func() bool {
		_, err := s.Files().Stat(t.Context(), old.Output[1])
		_, errIn := s.Files().Stat(t.Context(), old.Files[0])
		return err != nil && errIn != nil
	})
}

func recordGone(t *testing.T, s *stage, old, young prediction.Prediction) {
	eventually(t, "record gone", func() bool {
		_, err := s.Get(t.Context(), old.ID)
		return errors.Is(err, prediction.ErrNotFound)
	})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("not in 10 s: %s", what)
		}
	}
}
