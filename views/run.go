package views

import (
	"fmt"
	"strconv"

	"easel/internal/prediction"
)

// Run is a prediction as the output pane shows it. The zero value is the empty pane.
type Run struct {
	ID      string
	Status  prediction.Status
	Prompt  string
	Error   string
	Logs    string
	Files   []File
	Seconds float64 // from start to end; 0: not known
	Notes   []string
	Label   string
	Queue   int // place in the queue; 0: not waiting
}

// File is one finished picture.
type File struct {
	URL     string
	Name    string
	Seed    string
	Flagged bool
}

// NewRun shows a prediction.
func NewRun(p prediction.Prediction) Run {
	values := FromInput(p.Input)
	r := Run{ID: p.ID, Status: p.Status, Error: p.Error, Logs: p.Logs, Notes: p.Extra.Warnings,
		Prompt: values["prompt"]}
	if p.StartedAt != nil && p.CompletedAt != nil {
		r.Seconds = p.CompletedAt.Sub(*p.StartedAt).Seconds()
	}
	if p.Extra.Queue != nil {
		r.Queue = p.Extra.Queue.Position
	}
	format := values["output_format"]
	if format == "" {
		format = "webp"
	}
	for i, token := range p.Output {
		name := fmt.Sprintf("out-%d.%s", i, format)
		f := File{URL: "/files/" + token + "/" + name, Name: name}
		if i < len(p.Extra.Seeds) {
			f.Seed = strconv.FormatInt(p.Extra.Seeds[i], 10)
		}
		f.Flagged = i < len(p.Extra.Verdicts) && p.Extra.Verdicts[i].Flagged
		r.Files = append(r.Files, f)
	}
	return r
}

// Name is the pane's own, told by screen readers; the style guide shows several.
func (r Run) Name() string {
	if r.Label != "" {
		return r.Label
	}
	return "Output"
}

// Busy says whether more is to come.
func (r Run) Busy() bool { return r.ID != "" && !r.Status.Final() }

// Headline says in a few words where the run stands.
func (r Run) Headline() string {
	switch r.Status {
	case "":
		return "Ready"
	case prediction.Starting:
		if r.Queue > 1 {
			return "Waiting: " + strconv.Itoa(r.Queue-1) + " ahead"
		}
		return "Waiting for the engine"
	case prediction.Processing:
		return "Drawing"
	case prediction.Succeeded:
		if r.Seconds > 0 {
			return "Done in " + seconds(r.Seconds)
		}
		return "Done"
	case prediction.Canceled:
		return "Canceled"
	}
	return "Failed"
}

// Facts is the line under the headline.
func (r Run) Facts() string {
	if len(r.Files) > 0 && r.Files[0].Seed != "" {
		return "seed " + r.Files[0].Seed
	}
	return ""
}
