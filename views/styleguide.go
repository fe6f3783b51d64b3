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
	sample := File{URL: samplePicture, Name: "out-0.webp", Seed: "3141592653"}
	long := "A very long prompt that goes on and on, to see that nothing breaks: " + longWord
	now := time.Now()
	return Styleguide{
		Page: p, Now: now,
		Runs: []Run{
			{},
			{ID: "waiting", Label: "Output, waiting", Status: prediction.Starting, Queue: 3},
			{ID: "running", Label: "Output, running", Status: prediction.Processing},
			{ID: "done", Label: "Output, done", Status: prediction.Succeeded, Prompt: long, Seconds: 3.94, Files: []File{sample}, Notes: []string{"width ignored: aspect_ratio is 1:1"}, Logs: "100%|██████████| 28/28 [00:03<00:00, 8.1it/s]\n"},
			{ID: "four", Label: "Output, four", Status: prediction.Succeeded, Prompt: "four", Seconds: 16, Files: []File{sample, sample, sample, sample}},
			{ID: "failed", Label: "Output, failed", Status: prediction.Failed, Error: "The address https://example.com/cat.png answered 404."},
			{ID: "canceled", Label: "Output, canceled", Status: prediction.Canceled},
		},
		Card: Card{Run: Run{ID: "card", Status: prediction.Succeeded, Prompt: long, Files: []File{sample}, Seconds: 4}, CreatedAt: now.Add(-7 * time.Minute)},
	}
}

// samplePicture is a sun over a hill, 1024 pixels square.
const samplePicture = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='1024' height='1024' viewBox='0 0 16 16'%3E" +
	"%3Cpath fill='%23bfe3ee' d='M0 0h16v16H0z'/%3E%3Ccircle cx='10.5' cy='5.5' r='2.6' fill='%23ffc53d'/%3E" +
	"%3Cpath fill='%237fae6b' d='M0 11q5-4 9 0t7-1v6H0z'/%3E%3C/svg%3E"

const longWord = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
