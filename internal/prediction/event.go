package prediction

import (
	"encoding/json"
	"time"
)

// EventType names one kind of fact in a prediction's life.
type EventType string

const (
	EventQueued  EventType = "queued"
	EventStarted EventType = "started" // {"attempt":1}
	EventStep    EventType = "step"    // {"picture":0,"step":3,"of":28,"seconds":0.08,"phase":"steps"}
	EventPreview EventType = "preview" // {"picture":0,"step":3}: the JPEG itself travels beside the log and is never stored
	EventOutput  EventType = "output"  // {"index":0,"file":"<token>/out-0.webp","seed":42}
	EventLog     EventType = "log"     // {"text":"…\n"}
	EventDone    EventType = "done"    // {"status":"succeeded","error":""}
)

// Event is one numbered fact. Numbers rise from 1 within a prediction.
type Event struct {
	N    uint64          `json:"n"`
	Type EventType       `json:"type"`
	At   time.Time       `json:"at"`
	Data json.RawMessage `json:"data"`
}

// Preview is a small picture of what the model expects to end with, at a step.
type Preview struct {
	Step uint32
	JPEG []byte
}
