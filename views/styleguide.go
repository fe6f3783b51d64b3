package views

import (
	"time"

	"easel/internal/prediction"
)

// Styleguide is the design language on one page, every part in every state.
type Styleguide struct {
	Page
	Runs []Run
	Card Card
	Now  time.Time
}

// NewStyleguide fills the page with sample data.
func NewStyleguide(p Page) Styleguide {
	sample := File{URL: "data:image/gif;base64,R0lGODlhAQABAIAAAP/FPQAAACwAAAAAAQABAAACAkQBADs=", Name: "out-0.webp", Seed: "3141592653"}
	long := "A very long prompt that goes on and on, to see that nothing breaks: " + longWord
	now := time.Now()
	return Styleguide{
		Page: p, Now: now,
		Runs: []Run{
			{},
			{ID: "waiting", Status: prediction.Starting, Queue: 3},
			{ID: "running", Status: prediction.Processing},
			{ID: "done", Status: prediction.Succeeded, Prompt: long, Seconds: 3.94, Files: []File{sample}, Notes: []string{"width ignored: aspect_ratio is 1:1"}, Logs: "100%|██████████| 28/28 [00:03<00:00, 8.1it/s]\n"},
			{ID: "four", Status: prediction.Succeeded, Prompt: "four", Seconds: 16, Files: []File{sample, sample, sample, sample}},
			{ID: "failed", Status: prediction.Failed, Error: "The address https://example.com/cat.png answered 404."},
			{ID: "canceled", Status: prediction.Canceled},
		},
		Card: Card{Run: Run{ID: "card", Status: prediction.Succeeded, Prompt: long, Files: []File{sample}, Seconds: 4}, CreatedAt: now.Add(-7 * time.Minute)},
	}
}

const longWord = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
