package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"

	"easel/internal/engine"
)

type benchCommand struct {
	Engine   benchEngine   `cmd:"" help:"Time a request's phases, and the pipeline's overhead over its bare network runs."`
	Previews benchPreviews `cmd:"" help:"Time requests with previews and without, in turn."`
	Full     benchFull     `cmd:"" help:"Time one request of a full-size model, cold, and its memory."`
	Fast     benchFast     `cmd:"" help:"Compare go_fast with the normal mode: time and pictures."`
	API      benchAPI      `cmd:"" name:"api" help:"Time creates over HTTP, beside the disk's own syncs."`
	Safety   benchSafety   `cmd:"" help:"Count the harmless pictures that the safety checker flags, and time it."`
}

// drawFlags are what a benchmark of the engine draws, and with what.
type drawFlags struct {
	Variant string `help:"Variant to run: ${enum}." enum:"dev,schnell" default:"dev"`
	Prompt  string `help:"Prompt to draw." default:"a 3d emoji of a rocket"`
	Size    int    `help:"Sides of the picture, in pixels." default:"1024"`
	Steps   int    `help:"Denoising steps." default:"28"`
	Seed    int64  `help:"Seed." default:"42"`
	JSON    bool   `name:"json" help:"Print figures as JSON."`
	engineFlags
}

func (f drawFlags) request() engine.Request {
	return engine.Request{
		Variant: f.Variant, Prompt: f.Prompt, Width: f.Size, Height: f.Size, Steps: f.Steps, Guidance: 3.5, Seeds: []int64{f.Seed},
	}
}

// loaded is an engine with the variant's networks in memory.
func (f drawFlags) loaded(ctx context.Context) (*engine.Engine, error) {
	dirs, err := f.models()
	if err != nil {
		return nil, err
	}
	eng, err := f.open(ctx, dirs, newLog())
	if err != nil {
		return nil, err
	}
	if err := eng.Load(ctx, f.Variant); err != nil {
		eng.Close()
		return nil, err
	}
	return eng, nil
}

// print writes the figures as text, or as JSON where that is asked for.
func (f drawFlags) print(figures any, format string, values ...any) error {
	if f.JSON {
		return json.NewEncoder(os.Stdout).Encode(figures)
	}
	_, err := fmt.Printf("%s, %d×%d, %d steps, %d threads\n"+format, append([]any{f.Variant, f.Size, f.Size, f.Steps, cmp.Or(f.Threads, runtime.GOMAXPROCS(0))}, values...)...)
	return err
}

type benchEngine struct {
	Fast bool `help:"With go_fast."`
	Runs int  `help:"Runs to take the median of, after one to warm up." default:"5"`
	drawFlags
}

// figures are what bench engine prints, in seconds but for Overhead, a share.
type figures struct {
	Open     float64 `json:"open"` // reading the directories and loading every network
	Text     float64 `json:"text"`
	Steps    float64 `json:"steps"`
	Step     float64 `json:"step"` // one step
	Preview  float64 `json:"preview"`
	Decode   float64 `json:"decode"`
	Total    float64 `json:"total"`
	CPU      float64 `json:"cpu"` // of all processors, for one request; 0: unknown here
	Bare     float64 `json:"bare"`
	BareStep float64 `json:"bare_steps"`
	BareDec  float64 `json:"bare_decode"`
	Overhead float64 `json:"overhead"`
	Resident float64 `json:"resident_mib"` // peak resident memory of the process; 0: unknown here
}

func (c *benchEngine) Run(ctx context.Context) error {
	began := time.Now()
	eng, err := c.loaded(ctx)
	if err != nil {
		return err
	}
	defer eng.Close()
	opened := time.Since(began)
	r := c.request()
	r.Fast = c.Fast
	b, err := eng.Bench(ctx, r, c.Runs)
	if err != nil {
		return err
	}
	cpu, err := processorTime(ctx, eng, r, c.Runs)
	if err != nil {
		return err
	}
	t := b.Timings
	f := figures{
		Open: opened.Seconds(),
		Text: t.Text.Seconds(), Steps: t.Steps.Seconds(), Step: t.Steps.Seconds() / float64(c.Steps), Preview: t.Preview.Seconds(),
		Decode: t.Decode.Seconds(), Total: t.Total.Seconds(), CPU: cpu, Bare: b.Bare.Total.Seconds(), BareStep: b.Bare.Steps.Seconds(), BareDec: b.Bare.Decode.Seconds(), Overhead: b.Overhead, Resident: float64(peakResident()) / (1 << 20),
	}
	return c.print(f, "  open and load %7.3f s\n  text          %7.3f s\n  steps         %7.3f s (%.4f s each)\n  decode        %7.3f s\n  whole request %7.3f s (%.3f s of all processors)\n"+
		"  bare networks %7.3f s (steps %.3f, decode %.3f): the pipeline adds %.1f %%\n  peak resident %7.0f MiB\n",
		f.Open, f.Text, f.Steps, f.Step, f.Decode, f.Total, f.CPU, f.Bare, f.BareStep, f.BareDec, 100*f.Overhead, f.Resident)
}

// processorTime is the median of what a request takes of all processors, in
// seconds: what to compare on a machine that does other things too.
func processorTime(ctx context.Context, eng *engine.Engine, r engine.Request, runs int) (float64, error) {
	var all []float64
	for range runs {
		before := processor()
		if _, err := eng.Generate(ctx, r, engine.Quiet{}); err != nil {
			return 0, err
		}
		all = append(all, (processor() - before).Seconds())
	}
	return median(all), nil
}
