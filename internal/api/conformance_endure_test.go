package api

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"easel/internal/journal"
	"easel/internal/prediction"
	"easel/internal/prediction/predictiontest"
)

var enduring = []scenario{
	{81, "fifty_at_once", func(t *testing.T, w *world) {
		var all sync.WaitGroup
		ids := make([]string, 50)
		for i := range ids {
			all.Go(func() {
				r := w.input(t, fmt.Sprintf(`{"prompt":"%d","num_inference_steps":1}`, i))
				if r.status != 201 {
					t.Errorf("%d %s", r.status, r.body)
				}
				ids[i] = str(r.json()["id"])
			})
		}
		all.Wait()
		var started, created []string
		for _, id := range ids {
			p := w.await(t, id, "succeeded")
			started, created = append(started, str(p["started_at"])), append(created, str(p["created_at"]))
		}
		// First come, first served, as far as concurrent callers have an order.
		for i := range ids {
			for j := range ids {
				a, _ := time.Parse(micros, created[i])
				b, _ := time.Parse(micros, created[j])
				if b.Sub(a) > 100*time.Millisecond && started[i] > started[j] {
					t.Errorf("%s overtook %s", ids[j], ids[i])
				}
			}
		}
	}},
	{82, "restart_during_a_run", func(t *testing.T, _ *world) {
		j := predictiontest.Journal(t, journal.Options{Dir: t.TempDir(), AckWait: time.Second})
		w := &world{service: prediction.NewService(j.Ports(), prediction.Options{})}
		gen := &predictiontest.Generator{StepTime: 100 * time.Millisecond}
		stop := predictiontest.Go(t, prediction.NewWorker(j.Ports(), gen, prediction.Options{}).Run)
		p, err := w.service.Create(t.Context(), prediction.New{Model: "a/b", Input: json.RawMessage(`{"prompt":"x","num_inference_steps":8}`)})
		if err != nil {
			t.Fatal(err)
		}
		for p.Status != prediction.Processing {
			if p, err = w.service.Get(t.Context(), p.ID); err != nil {
				t.Fatal(err)
			}
		}
		stop()
		predictiontest.Go(t, prediction.NewWorker(j.Ports(), gen, prediction.Options{}).Run)
		if p, err = w.service.Wait(t.Context(), p.ID); err != nil || p.Status != prediction.Succeeded || p.Attempts != 2 {
			t.Errorf("%v after %d starts, %v", p.Status, p.Attempts, err)
		}
	}},
	{83, "retention", func(t *testing.T, _ *world) {
		w := newWorld(t, worldOptions{retention: prediction.Retention{Data: time.Millisecond}})
		p := w.create(t, `{"prompt":"x"}`, "Prefer", "wait")
		address := str(p["output"].([]any)[0])
		for until := time.Now().Add(10 * time.Second); p["data_removed"] != true && time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
			p = w.do(t, "GET", "/v1/predictions/"+str(p["id"]), "").is(200).json()
		}
		if p["data_removed"] != true || p["output"] != nil || p["status"] != "succeeded" {
			t.Errorf("%v", p)
		}
		w.do(t, "GET", address, "").is(404)
	}},
}
