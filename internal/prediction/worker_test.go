package prediction_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"easel/internal/prediction"
	"easel/internal/prediction/predictiontest"
)

func TestSucceeds(t *testing.T) {
	s := predictiontest.Start(t, &predictiontest.Generator{Previews: true})
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for range 3 {
		t0 := time.Now()
		p, err := s.Create(ctx, prediction.New{Model: "a/b", Input: json.RawMessage(`{"prompt":"x","num_outputs":2}`)})
		if err != nil {
			t.Fatal(err)
		}
		p, err = s.Wait(ctx, p.ID)
		t.Log(time.Since(t0))
		t.Logf("%+v %v", p, err)
		es, err := s.Replay(ctx, p.ID, 0)
		for _, e := range es {
			t.Log(e.N, e.Type, string(e.Data))
		}
	}
}
