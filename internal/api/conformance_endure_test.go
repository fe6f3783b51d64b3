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
		type asked struct {
			id         string
			sent, done time.Time
			started    string
		}
		requests := make([]asked, 50)
		for i := range requests {
			q := &requests[i]
			all.Go(func() {
				q.sent = time.Now()
				r := w.input(t, fmt.Sprintf(`{"prompt":"%d","num_inference_steps":1}`, i))
				q.done = time.Now()
				if r.status != 201 {
					t.Errorf("%d %s", r.status, r.body)
				}
				q.id = str(r.json()["id"])
			})
			time.Sleep(2 * time.Millisecond)
		}
		all.Wait()
		for i := range requests {
			requests[i].started = str(w.await(t, requests[i].id, "succeeded")["started_at"])
		}
		// Who was answered before another asked is served before it, too.
		for _, a := range requests {
			for _, b := range requests {
				if a.done.Before(b.sent) && a.started > b.started {
					t.Errorf("%s overtook %s", b.id, a.id)
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
