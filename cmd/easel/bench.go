package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"

	"easel/internal/engine"
)

type benchCommand struct {
	Engine benchEngine `cmd:"" help:"Time a request's phases, and the pipeline's overhead over its bare network runs."`
	API    benchAPI    `cmd:"" name:"api" help:"Time creates over HTTP, beside the disk's own syncs."`
	Safety benchSafety `cmd:"" help:"Count the harmless pictures that the safety checker flags, and time it."`
}

type benchEngine struct {
	Variant string `help:"Variant to run: ${enum}." enum:"dev,schnell" default:"dev"`
	Prompt  string `help:"Prompt to draw." default:"a 3d emoji of a rocket"`
	Size    int    `help:"Sides of the picture, in pixels." default:"1024"`
	Steps   int    `help:"Denoising steps." default:"28"`
	Seed    int64  `help:"Seed." default:"42"`
	Fast    bool   `help:"With go_fast."`
	Runs    int    `help:"Runs to take the median of, after one to warm up." default:"5"`
	JSON    bool   `name:"json" help:"Print figures as JSON."`
	engineFlags
}

// figures are what bench engine prints, in seconds but for Overhead, a share.
type figures struct {
	Model    string  `json:"model"`
	Threads  int     `json:"threads"`
	Open     float64 `json:"open"` // reading the directories and loading every network
	Text     float64 `json:"text"`
	Steps    float64 `json:"steps"`
	Step     float64 `json:"step"` // one step
	Preview  float64 `json:"preview"`
	Decode   float64 `json:"decode"`
	Total    float64 `json:"total"`
	Bare     float64 `json:"bare"`
	Overhead float64 `json:"overhead"`
	Resident float64 `json:"resident_mib"` // peak resident memory of the process; 0: unknown here
}

func (c *benchEngine) Run(ctx context.Context) error {
	began := time.Now()
	dirs, err := c.models()
	if err != nil {
		return err
	}
	eng, err := c.open(ctx, dirs)
	if err != nil {
		return err
	}
	defer eng.Close()
	if err := eng.Load(ctx, c.Variant); err != nil {
		return err
	}
	opened := time.Since(began)
	b, err := eng.Bench(ctx, engine.Request{
		Variant: c.Variant, Prompt: c.Prompt, Width: c.Size, Height: c.Size, Steps: c.Steps, Guidance: 3, Seeds: []int64{c.Seed}, Fast: c.Fast,
	}, c.Runs)
	if err != nil {
		return err
	}
	threads := c.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	t := b.Timings
	f := figures{
		Model: c.Variant, Threads: threads, Open: opened.Seconds(),
		Text: t.Text.Seconds(), Steps: t.Steps.Seconds(), Step: t.Steps.Seconds() / float64(c.Steps), Preview: t.Preview.Seconds(),
		Decode: t.Decode.Seconds(), Total: t.Total.Seconds(), Bare: b.Bare.Seconds(), Overhead: b.Overhead, Resident: peakResident(),
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(f)
	}
	fmt.Printf("%s, %d×%d, %d steps, %d threads, median of %d\n", c.Variant, c.Size, c.Size, c.Steps, threads, c.Runs)
	fmt.Printf("  open and load %7.3f s\n  text          %7.3f s\n  steps         %7.3f s (%.4f s each)\n  decode        %7.3f s\n  whole request %7.3f s\n",
		f.Open, f.Text, f.Steps, f.Step, f.Decode, f.Total)
	fmt.Printf("  bare networks %7.3f s: the pipeline adds %.1f %%\n  peak resident %7.0f MiB\n", f.Bare, 100*f.Overhead, f.Resident)
	return nil
}
