package main

import (
	"syscall"
	"testing"
	"time"

	"easel/internal/prediction"
)

// A program that is told to stop lets what it draws finish within --grace, and
// else gives it back to the queue; either way it ends well.
func TestStop(t *testing.T) {
	for grace, starts := range map[string]int{"120s": 1, "0s": 2} {
		t.Run(grace, func(t *testing.T) {
			data := t.TempDir()
			p := serve(t, data, "--grace", grace)
			got := must[told](p, "POST", "/v1/models/easel/emoji/predictions", `{"input":{"prompt":"x","num_inference_steps":50,"megapixels":"0.25"}}`)
			for got.Status == prediction.Starting {
				time.Sleep(5 * time.Millisecond)
				got = must[told](p, "GET", "/v1/predictions/"+got.ID, "")
			}
			if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := p.cmd.Wait(); err != nil {
				t.Fatalf("it ends with %v\n%s", err, p.said)
			}
			again := serve(t, data)
			for end := time.Now().Add(3 * time.Minute); !got.Status.Final() && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
				got = must[told](again, "GET", "/v1/predictions/"+got.ID, "")
			}
			begun := 0
			for _, e := range must[pageOf[prediction.Event]](again, "GET", "/v1/predictions/"+got.ID+"/events", "").Results {
				if e.Type == prediction.EventStarted {
					begun++
				}
			}
			if got.Status != prediction.Succeeded || begun != starts {
				t.Errorf("%s after %d starts, want %d", got.Status, begun, starts)
			}
		})
	}
}
