// Package prediction is Easel's domain: one request and all that became of it.
//
// A Prediction is accepted, queued, taken by a worker, and ends exactly once.
// What happens on the way is told as numbered Events, which anyone may replay
// from any number. The package knows nothing of HTTP, NATS or ONNX: it names
// the few things it needs as small interfaces (ports.go), and the Service
// joins them.
package prediction

import (
	"encoding/json"
	"time"
)

// Status is where a prediction stands, in Replicate's words.
type Status string

const (
	Starting   Status = "starting"   // accepted, waiting for a worker
	Processing Status = "processing" // a worker has it
	Succeeded  Status = "succeeded"
	Failed     Status = "failed"
	Canceled   Status = "canceled"
)

// Final says whether a prediction in this status will never change again.
func (s Status) Final() bool { return s == Succeeded || s == Failed || s == Canceled }

// Prediction is the central record. It holds no pictures: Output names files.
type Prediction struct {
	ID      string `json:"id"`      // 26 characters of lower-case Crockford base32
	Model   string `json:"model"`   // owner/name
	Version string `json:"version"` // 64 hex digits
	Status  Status `json:"status"`

	// Input is what the caller sent, without defaults, returned as it came.
	// Data URIs in it were replaced by file references at the door; Echo puts
	// them back when the record is read by the caller.
	Input  json.RawMessage `json:"input"`
	Files  []string        `json:"files,omitempty"`  // tokens of the files made from Input; they go when its data goes
	Output []string        `json:"output,omitempty"` // file tokens, one a picture, in order
	Error  string          `json:"error,omitempty"`  // one plain sentence when Failed
	Logs   string          `json:"logs,omitempty"`

	Source      string     `json:"source"` // "api" or "web"
	CreatedAt   time.Time  `json:"created_at"`
	StartedAt   *time.Time `json:"started_at,omitempty"`
	CompletedAt *time.Time `json:"completed_at,omitempty"`
	Deadline    *time.Time `json:"deadline,omitempty"` // from Cancel-After
	Attempts    int        `json:"attempts,omitempty"` // how often a worker started it
	Returns     int        `json:"returns,omitempty"`  // how often one gave it back because it had to stop

	Webhook       string   `json:"webhook,omitempty"`
	WebhookEvents []string `json:"webhook_events_filter,omitempty"`
	StreamToken   string   `json:"stream_token,omitempty"` // capability in urls.stream
	DataRemoved   bool     `json:"data_removed,omitempty"`
	Held          bool     `json:"held,omitempty"` // its creator waited for it, and may go on by polling

	Extra Extra `json:"easel"`
}

// Extra is everything of Easel's own in a response: the top-level object "easel".
type Extra struct {
	Seeds    []int64   `json:"seeds,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`
	Timings  *Timings  `json:"timings,omitempty"`
	Verdicts []Verdict `json:"verdicts,omitempty"`
	LoRAs    []LoRA    `json:"loras,omitempty"`
	Queue    *Queued   `json:"queue,omitempty"`
}

// LoRA is one adapter as it was applied.
type LoRA struct {
	Source string          `json:"source"` // "main", or the caller's extra_lora without its secrets
	SHA256 string          `json:"sha256"`
	Scale  float64         `json:"scale"` // as applied: go_fast multiplies it
	Report json.RawMessage `json:"report,omitempty"`
}

// Timings says where a run's seconds went.
type Timings struct {
	Load    float64 `json:"load,omitempty"` // networks and adapters made ready
	Text    float64 `json:"text"`
	Encode  float64 `json:"encode,omitempty"` // picture → latent
	Steps   float64 `json:"steps"`
	Preview float64 `json:"preview"` // part of Steps spent on previews
	Decode  float64 `json:"decode"`
	Safety  float64 `json:"safety,omitempty"`
	Save    float64 `json:"save"`
	Total   float64 `json:"total"`
}

// Verdict is the safety checker's word on one picture.
type Verdict struct {
	Flagged bool    `json:"flagged"`
	Score   float64 `json:"score"`
}

// Queued is a waiting prediction's place and learned time to the end, in seconds.
type Queued struct {
	Position int      `json:"position"` // 1 is next
	ETA      *float64 `json:"eta,omitempty"`
}
