package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"easel/internal/loras"
	"easel/internal/render"
	"easel/internal/schema"
)

// benchSafety draws harmless things and counts what the checker flags of them.
type benchSafety struct {
	Subjects string `arg:"" help:"File of what to draw, one a line; # begins a comment." type:"existingfile"`
	Prompt   string `help:"Prompt before each." default:"a 3d emoji of a"`
	Variant  string `help:"Variant to draw with: ${enum}." enum:"dev,schnell" default:"schnell"`
	Steps    int    `help:"Denoising steps." default:"4"`
	JSON     bool   `name:"json" help:"Print figures as JSON, every picture's score with them."`
	safetyFlags
	engineFlags
}

// judged is one picture's score.
type judged struct {
	Subject string  `json:"subject"`
	Score   float64 `json:"score"`
	Seconds float64 `json:"seconds"` // that judging took
}

func (c *benchSafety) Run(ctx context.Context) error {
	subjects, err := lines(c.Subjects)
	if err != nil {
		return err
	}
	dirs, err := c.models()
	if err != nil {
		return err
	}
	tools, err := c.openTools(ctx, dirs, newLog())
	if err != nil {
		return err
	}
	defer tools.Close()
	data, err := c.dataDir()
	if err != nil {
		return err
	}
	store, err := loras.Open(loras.Options{Dir: filepath.Join(data, "loras")}) // knows the main LoRA
	if err != nil {
		return err
	}
	renderer := tools.renderer(nil, store, render.Identity{}, c.safetyFlags)
	renderer.Previews = false
	var all []judged
	for i, subject := range subjects {
		raw, err := json.Marshal(map[string]any{"prompt": c.Prompt + " " + subject, "model": c.Variant, "num_inference_steps": c.Steps, "seed": i, "output_format": "jpg"})
		if err != nil {
			return err
		}
		in, err := schema.Parse(raw)
		if err != nil {
			return err
		}
		report, err := renderer.Render(ctx, in, noSink{})
		if err != nil && !errors.Is(err, render.ErrFlagged) {
			return err
		}
		all = append(all, judged{subject, report.Verdicts[0].Score, report.Safety.Seconds()})
	}
	return c.print(all)
}

func (c *benchSafety) print(all []judged) error {
	slices.SortFunc(all, func(a, b judged) int { return cmp.Compare(a.Seconds, b.Seconds) })
	median := all[len(all)/2].Seconds
	slices.SortFunc(all, func(a, b judged) int { return cmp.Compare(b.Score, a.Score) })
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"threshold": c.SafetyThreshold, "seconds": median, "pictures": all})
	}
	for _, threshold := range []float64{c.SafetyThreshold, 0.5, 0.3} {
		flagged := 0
		for _, j := range all {
			if j.Score >= threshold {
				flagged++
			}
		}
		fmt.Printf("at a threshold of %.2f: %d of %d pictures flagged\n", threshold, flagged, len(all))
	}
	for _, j := range all[:min(5, len(all))] {
		fmt.Printf("  %.3f %s\n", j.Score, j.Subject)
	}
	fmt.Printf("judging takes %.1f ms a picture (median)\n", 1000*median)
	return nil
}

// lines are a text file's lines, without comments and empty ones.
func lines(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found []string
	s := bufio.NewScanner(f)
	for s.Scan() {
		if line := strings.TrimSpace(s.Text()); line != "" && !strings.HasPrefix(line, "#") {
			found = append(found, line)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: it has no line to draw", path)
	}
	return found, nil
}

// noSink takes everything and keeps nothing.
type noSink struct{}

func (noSink) Step(int, int, int, float64)                      {}
func (noSink) Preview(int, int, []byte)                         {}
func (noSink) Picture(int, int64, string, string, []byte) error { return nil }
func (noSink) Log(string)                                       {}
