package views

import (
	"time"

	"easel/internal/prediction"
	"easel/internal/schema"
)

// Styleguide is the design language on one page, every part in every state.
type Styleguide struct {
	Page
	Fields []Field // the form's controls
	Frames []Frame
	Runs   []Run
	Cards  []Card
	Now    time.Time
}

// Frame is a picture on the wall in one of its states.
type Frame struct {
	Class, Says string
	Picture     string // "": there is none yet
}

// NewStyleguide fills the page with sample data.
func NewStyleguide(p Page) Styleguide {
	now := time.Now()
	return Styleguide{
		Page: p, Now: now, Fields: sampleFields(),
		Frames: []Frame{
			{Class: "frame-empty", Says: "empty"},
			{Class: "frame-busy", Says: "loading"},
			{Class: "frame-busy", Says: "a preview", Picture: samplePreview},
			{Class: "frame-done", Says: "done", Picture: samplePicture},
			{Class: "frame-off", Says: "canceled", Picture: samplePreview},
		},
		Runs: sampleRuns(),
		Cards: []Card{
			{Run: Run{ID: "card-done", Status: prediction.Succeeded, Prompt: longPrompt, Files: []File{sampleFile}, Seconds: 4}, CreatedAt: now.Add(-7 * time.Minute), Starred: true},
			{Run: Run{ID: "card-running", Status: prediction.Processing, Prompt: "still being drawn"}, CreatedAt: now},
			{Run: Run{ID: "card-failed", Status: prediction.Failed, Prompt: rightToLeft}, CreatedAt: now.Add(-26 * time.Hour)},
		},
	}
}

func sampleRuns() []Run {
	return []Run{
		{Label: "Output, empty"},
		{ID: "waiting", Label: "Output, waiting", Status: prediction.Starting, Queue: 3},
		{ID: "running", Label: "Output, running", Status: prediction.Processing},
		{ID: "done", Label: "Output, done", Status: prediction.Succeeded, Prompt: longPrompt, Seconds: 3.94, Files: []File{sampleFile}},
		{ID: "four", Label: "Output, four", Status: prediction.Succeeded, Prompt: "four", Seconds: 16, Files: []File{sampleFile, sampleFile, sampleFile, sampleFile}},
		{ID: "failed", Label: "Output, failed", Status: prediction.Failed, Error: "The address https://example.com/cat.png answered 404."},
		{ID: "canceled", Label: "Output, canceled", Status: prediction.Canceled},
	}
}

// sampleField is a field of the schema under another name, as ids must be
// unique, and with its state as its title.
func sampleField(name, as, title, value string) Field {
	f, _ := schema.Lookup(name)
	f.Name, f.Title = as, title
	return Field{Field: f, Value: value}
}

// sampleFields shows each control that a schema can ask for, in each state
// that a form brings it into.
func sampleFields() []Field {
	sample := sampleField
	failing := func(f Field, why string) Field { f.Error = why; return f }
	void := func(f Field, why string) Field { f.Void = why; return f }
	return []Field{
		sample("prompt", "s-empty", "prompt, empty", ""),
		sample("prompt", "s-rtl", "prompt, right to left", rightToLeft),
		sample("prompt", "s-long", "prompt, long", longPrompt),
		failing(sample("prompt", "s-missing", "prompt, missing", ""), "prompt is required"),
		sample("aspect_ratio", "s-shapes", "shapes", "3:2"),
		void(sample("aspect_ratio", "s-shapes-void", "shapes, void", "1:1"), "Ignored: an image is given"),
		sample("guidance_scale", "s-slider", "slider", "3.5"),
		failing(sample("guidance_scale", "s-slider-wrong", "slider, wrong", "99"), "Must be less than or equal to 10"),
		void(sample("guidance_scale", "s-slider-void", "slider, void", "3"), "Ignored: schnell has no guidance"),
		sample("num_outputs", "s-segments", "segments", "2"),
		sample("go_fast", "s-switch", "switch, off", "false"),
		sample("go_fast", "s-switch-on", "switch, on", "true"),
		sample("seed", "s-seed", "seed", ""),
		failing(sample("seed", "s-seed-wrong", "seed, wrong", "abc"), "Invalid type. Expected: integer, given: string"),
		sample("extra_lora", "s-text", "text", "huggingface.co/somebody/a-style-with-a-rather-long-name"),
	}
}

var sampleFile = File{URL: samplePicture, Name: "out-0.webp", Seed: "3141592653"}

// samplePicture is a sun over a hill, 1024 pixels square; samplePreview the
// same, as a step sees it that is half done.
const (
	samplePicture = sampleHead + "%3E" + sampleScene + "%3C/svg%3E"
	samplePreview = sampleHead + "%3E%3Cfilter id='f'%3E%3CfeGaussianBlur stdDeviation='.9'/%3E%3C/filter%3E%3Cg filter='url(%23f)'%3E" + sampleScene + "%3C/g%3E%3C/svg%3E"
	sampleHead    = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='1024' height='1024' viewBox='0 0 16 16'"
	sampleScene   = "%3Cpath fill='%23bfe3ee' d='M0 0h16v16H0z'/%3E%3Ccircle cx='10.5' cy='5.5' r='2.6' fill='%23ffc53d'/%3E" +
		"%3Cpath fill='%237fae6b' d='M0 11q5-4 9 0t7-1v6H0z'/%3E"
)

const (
	longPrompt  = "A very long prompt that goes on and on, to see that nothing breaks: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
	rightToLeft = "قطة تقرأ كتابا في مكتبة قديمة عند الغروب"
)
