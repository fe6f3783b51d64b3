package main

import (
	"context"
	"strings"
	"time"

	"easel/internal/engine"
)

// benchFull times a model once, cold: for those that take minutes to load.
type benchFull struct {
	Fast bool `help:"With go_fast; networks that do not fit --memory are rounded without it, too."`
	drawFlags
}

// fullFigures are in seconds and GiB.
type fullFigures struct {
	Open     float64  `json:"open"`  // reading the directory
	Ready    float64  `json:"ready"` // rounding what is not yet, loading what fits beside each other
	Load     float64  `json:"load"`  // in the request: networks that took another's place
	Text     float64  `json:"text"`
	Step     float64  `json:"step"`     // the last one
	StepCPU  float64  `json:"step_cpu"` // of all processors
	Decode   float64  `json:"decode"`
	Request  float64  `json:"request"`
	Own      float64  `json:"own_gib"`   // most memory allocated at once
	Files    float64  `json:"files_gib"` // most pages of mapped files at once, which the system may drop
	Warnings []string `json:"warnings"`
}

func (c *benchFull) Run(ctx context.Context) error {
	dirs, err := c.models()
	if err != nil {
		return err
	}
	watch := watchMemory()
	defer watch.stop()
	began := time.Now()
	eng, err := c.open(ctx, dirs, newLog())
	if err != nil {
		return err
	}
	defer eng.Close()
	f := fullFigures{Open: time.Since(began).Seconds()}
	began = time.Now()
	if err := eng.Load(ctx, c.Variant); err != nil {
		return err
	}
	f.Ready = time.Since(began).Seconds()
	last := &lastStep{}
	r := c.request()
	r.Fast = c.Fast
	result, err := eng.Generate(ctx, r, last)
	if err != nil {
		return err
	}
	t := result.Timings
	f.Load, f.Text, f.Step, f.Decode, f.Request = t.Load.Seconds(), t.Text.Seconds(), last.took.Seconds(), t.Decode.Seconds(), t.Total.Seconds()
	f.StepCPU = last.cpu.Seconds()
	own, files := watch.stop()
	f.Own, f.Files, f.Warnings = size(own).gib(), size(files).gib(), result.Warnings
	return c.print(f, "  open %.1f s, ready %.1f s\n  request %.1f s: loading %.1f, text %.1f, the last step %.1f (%.1f of all processors), decoding %.1f\n"+
		"  at most %.1f GiB allocated, %.1f GiB of file pages\n  warnings: %s\n",
		f.Open, f.Ready, f.Request, f.Load, f.Text, f.Step, f.StepCPU, f.Decode, f.Own, f.Files, strings.Join(f.Warnings, "; "))
}

// lastStep keeps how long the last step took.
type lastStep struct {
	engine.Quiet
	took, cpu time.Duration
	before    time.Duration
}

func (l *lastStep) Step(s engine.Step) {
	now := processor()
	l.took, l.cpu, l.before = s.Took, now-l.before, now
}

// memoryWatch follows the most memory that the process holds.
type memoryWatch struct {
	done, ended chan struct{}
	own, files  int64
}

func watchMemory() *memoryWatch {
	w := &memoryWatch{done: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for {
			own, files := resident()
			w.own, w.files = max(w.own, own), max(w.files, files)
			select {
			case <-w.done:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return w
}

// stop ends the watch; again, it only says what was seen.
func (w *memoryWatch) stop() (own, files int64) {
	select {
	case <-w.ended:
	default:
		close(w.done)
		<-w.ended
	}
	return w.own, w.files
}
