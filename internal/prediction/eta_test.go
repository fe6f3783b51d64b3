package prediction_test

import (
	"math"
	"testing"
	"time"

	"easel/internal/prediction"
)

func TestETA(t *testing.T) {
	s := newStage(t, prediction.Options{})
	now := time.Now().UTC()
	put := func(status prediction.Status, input string, timings *prediction.Timings, started time.Duration) string {
		now = now.Add(time.Millisecond)
		p := prediction.Prediction{ID: prediction.NewID(now), Status: status, Input: []byte(input), CreatedAt: now}
		p.Extra.Timings = timings
		if started > 0 {
			at := time.Now().Add(-started)
			p.StartedAt = &at
		}
		if _, err := s.ports.Store.Create(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		return p.ID
	}
	eta := func(id string) *prediction.Queued {
		p, err := s.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return p.Extra.Queue
	}
	first := put(prediction.Starting, `{"prompt":"x","model":"dev","num_inference_steps":10}`, nil, 0)
	if q := eta(first); q.Position != 1 || q.ETA != nil {
		t.Errorf("with nothing known: %+v", q)
	}
	if _, err := s.Cancel(t.Context(), first); err != nil {
		t.Fatal(err)
	}

	// dev: 1 s of text, 2 s a step, 3 s of decoding at 1 MP; schnell: half of it.
	dev := &prediction.Timings{Text: 1, Steps: 40, Decode: 3}
	schnell := &prediction.Timings{Text: 0.5, Steps: 4, Decode: 1.5}
	put(prediction.Succeeded, `{"prompt":"x","model":"dev","num_inference_steps":20}`, dev, 0)
	put(prediction.Succeeded, `{"prompt":"x","model":"schnell","num_inference_steps":4}`, schnell, 0)

	s.Service = prediction.NewService(s.ports, prediction.Options{})                                                                    // as after a restart
	put(prediction.Processing, `{"prompt":"x","model":"dev","num_inference_steps":20}`, nil, 14*time.Second)                            // 44 s, 30 left
	put(prediction.Starting, `{"prompt":"x","model":"schnell","num_inference_steps":4,"num_outputs":2}`, nil, 0)                        // 0.5+8+3
	last := put(prediction.Starting, `{"prompt":"x","model":"dev","num_inference_steps":10,"megapixels":"0.25"}`, nil, 0)               // 1+5+0.75
	unknown := put(prediction.Starting, `{"prompt":"x","model":"dev","go_fast":true,"num_inference_steps":10,"num_outputs":1}`, nil, 0) // mean of both
	for id, want := range map[string]prediction.Queued{
		last:    {Position: 2, ETA: ptr(30 + 11.5 + 6.75)},
		unknown: {Position: 3, ETA: ptr(30 + 11.5 + 6.75 + 0.75 + 15 + 2.25)},
	} {
		got := eta(id)
		if got.Position != want.Position || got.ETA == nil || math.Abs(*got.ETA-*want.ETA) > 0.5 {
			t.Errorf("position %d, eta %v, want %d, %v", got.Position, deref(got.ETA), want.Position, *want.ETA)
		}
	}
}

func ptr(f float64) *float64 { return &f }

func deref(f *float64) float64 {
	if f == nil {
		return math.NaN()
	}
	return *f
}
