// Package render turns one validated input into encoded pictures.
//
// It alone knows both the contract (schema.Input: names, addresses, sizes by
// ratio) and the engine (pixels, exact sizes, file paths). The command line
// and the worker are thin adapters over it.
package render

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"time"

	"easel/internal/engine"
	"easel/internal/schema"
)

// Engine draws pictures.
type Engine interface {
	HasFast() bool // whether it can do what Request.Fast asks
	Generate(ctx context.Context, r engine.Request, o engine.Observer) (engine.Result, error)
}

// Files reads what an input's address names: at most limit bytes.
type Files interface {
	Read(ctx context.Context, field, address string, limit int64) ([]byte, error)
}

// Judge scores a finished picture: 0 harmless, 1 not safe for work.
type Judge interface {
	Score(ctx context.Context, img image.Image) (float64, error)
}

// Sink is told what a run brings, while it runs.
type Sink interface {
	Step(picture, step, of int, seconds float64)
	Preview(picture, step int, jpeg []byte)
	Picture(index int, seed int64, name, contentType string, data []byte) error
	Log(text string)
}

// Report is what a run leaves beside its pictures.
type Report struct {
	Seeds    []int64
	Warnings []string
	Verdicts []Verdict // one a picture; none when nothing was judged
	LoRAs    []LoRA    // as applied
	Timings  engine.Timings
	Safety   time.Duration // judging
	Save     time.Duration // compositing, encoding and handing over
	Total    time.Duration
}

// Verdict is the judge's word on one picture.
type Verdict struct {
	Flagged bool
	Score   float64
}

// Renderer renders inputs with one engine.
type Renderer struct {
	Engine    Engine
	Files     Files
	Adapters  Adapters
	MainLoRA  string // path; "": the model has none
	Identity  Identity
	Judge     Judge   // nil: pictures are not checked, which each report says
	Threshold float64 // a score from here on is flagged
	AlwaysOn  bool    // the operator forbids disable_safety_checker, and has previews judged
	Previews  bool
}

// ErrFlagged says that the judge let no picture through.
var ErrFlagged = errors.New("NSFW content detected in every picture. Try running it again, or try a different prompt")

// Render draws the input's pictures and hands each to the sink as soon as it is finished.
func (r *Renderer) Render(ctx context.Context, in schema.Input, sink Sink) (Report, error) {
	start := time.Now()
	report := Report{Seeds: seeds(in)}
	warn := func(warnings ...string) {
		for _, w := range warnings {
			sink.Log("warning: " + w + "\n")
		}
		report.Warnings = append(report.Warnings, warnings...)
	}
	source, warnings, err := r.source(ctx, in)
	warn(warnings...)
	if err != nil {
		return report, err
	}
	report.LoRAs, warnings, err = r.adapters(ctx, in, sink)
	warn(warnings...)
	if err != nil {
		return report, err
	}
	warn(voided(in)...)
	check := r.checks(in)
	if r.Judge == nil && check {
		warn("pictures are not checked: no safety checker is installed")
	} else if in.DisableSafetyChecker && check {
		warn("disable_safety_checker ignored: the operator of this server forbids it")
	}
	for _, seed := range report.Seeds {
		sink.Log(fmt.Sprintf("seed: %d\n", seed))
	}
	o := &observer{ctx: ctx, sink: sink, in: in, seeds: report.Seeds, source: source, used: report.LoRAs, identity: r.Identity}
	if check {
		o.judge, o.threshold = r.Judge, r.Threshold
		o.strict = r.AlwaysOn && r.Judge != nil
	}
	result, err := r.Engine.Generate(ctx, request(in, source, report.Seeds, requested(report.LoRAs), r.Previews), o)
	warn(slices.Concat(result.Warnings, o.warnings)...)
	warn(reported(report.LoRAs, result.Adapters)...)
	report.Verdicts, report.Timings, report.Safety, report.Save = o.verdicts, result.Timings, o.judged, o.saved
	report.Total = time.Since(start)
	if err == nil && o.flagged == len(report.Seeds) {
		err = ErrFlagged
	}
	return report, err
}

func (r *Renderer) checks(in schema.Input) bool { return r.AlwaysOn || !in.DisableSafetyChecker }
