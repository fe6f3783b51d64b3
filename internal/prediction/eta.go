package prediction

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"easel/internal/schema"
)

// load is how much work an input asks for.
type load struct {
	kind     string  // runs of one kind go at one pace
	pictures float64 // megapixels of all pictures
	steps    float64 // steps over all those megapixels
}

// pace is what a run costs on this machine: the parts of its time that grow
// with different things, each apart.
type pace struct {
	text, step, decode float64 // seconds a run; a step and megapixel; a megapixel
	runs               float64 // that taught it
}

var defaults = sync.OnceValue(func() schema.Input {
	in, _ := schema.Parse([]byte(`{"prompt":"x"}`))
	return in
})

func loadOf(p Prediction) load {
	in := defaults()
	json.Unmarshal(p.Input, &in) // it was validated at the door
	width, height := schema.Size(in)
	area := float64(in.NumOutputs) * float64(width*height) / 1e6
	kind := in.Model
	if in.GoFast {
		kind += " fast"
	}
	return load{kind, area, area * float64(in.NumInferenceSteps)}
}

func (c pace) seconds(l load) float64 { return c.text + c.step*l.steps + c.decode*l.pictures }

// estimator learns paces from the newest runs in the history, so that it knows
// as much after a restart as before.
type estimator struct {
	mu      sync.Mutex
	learned time.Time
	paces   map[string]pace
}

const (
	lessons     = 20 // newest runs to learn from
	relearn     = 5 * time.Second
	lookedAhead = 100 // waiting predictions weighed one by one
)

func (e *estimator) learn(ctx context.Context, store Store, now time.Time) (map[string]pace, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.paces != nil && now.Sub(e.learned) < relearn {
		return e.paces, nil
	}
	page, err := store.List(ctx, Query{Status: Succeeded, Limit: lessons})
	if err != nil {
		return nil, err
	}
	sums := map[string]pace{}
	for _, p := range page.Results {
		t, l := p.Extra.Timings, loadOf(p)
		if t == nil || l.steps == 0 {
			continue
		}
		for _, kind := range []string{l.kind, ""} { // "" is for kinds not seen yet
			s := sums[kind]
			s.text += t.Load + t.Text
			s.step += t.Steps / l.steps
			s.decode += (t.Encode + t.Decode + t.Safety + t.Save) / l.pictures
			s.runs++
			sums[kind] = s
		}
	}
	for kind, s := range sums {
		sums[kind] = pace{s.text / s.runs, s.step / s.runs, s.decode / s.runs, s.runs}
	}
	e.paces, e.learned = sums, now
	return sums, nil
}

// queued tells a waiting prediction's place, and when it will be done if
// something is known about this machine's pace. nil: it does not wait.
func (s *Service) queued(ctx context.Context, p Prediction) (*Queued, error) {
	position, err := s.ports.Queue.Position(ctx, p.ID)
	if err != nil || position == 0 {
		return nil, err
	}
	q := &Queued{Position: position}
	now := s.opts.Now()
	paces, err := s.estimator.learn(ctx, s.ports.Store, now)
	if err != nil || paces[""].runs == 0 {
		return q, err
	}
	seconds := func(p Prediction) float64 {
		l := loadOf(p)
		c, ok := paces[l.kind]
		if !ok {
			c = paces[""]
		}
		return c.seconds(l)
	}
	running, err := s.ports.Store.List(ctx, Query{Status: Processing})
	if err != nil {
		return q, err
	}
	waiting, err := s.ports.Store.List(ctx, Query{Status: Starting, OldestFirst: true, Limit: lookedAhead})
	if err != nil {
		return q, err
	}
	before, weighed := 0.0, 0
	for _, w := range waiting.Results[:min(position-1, len(waiting.Results))] {
		before += seconds(w)
		weighed++
	}
	if weighed > 0 { // those not looked at are like those that were
		before *= float64(position-1) / float64(weighed)
	}
	for _, r := range running.Results {
		if r.StartedAt != nil {
			before += max(0, seconds(r)-now.Sub(*r.StartedAt).Seconds())
		}
	}
	eta := before/float64(max(1, len(running.Results))) + seconds(p)
	q.ETA = &eta
	return q, nil
}
