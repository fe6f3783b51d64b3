package prediction

import (
	"context"
	"errors"
	"io"
	"time"
)

// Sentinel errors that adapters return and callers test with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("changed meanwhile") // a revision guard refused the write
	ErrExists   = errors.New("exists already")
	ErrInvalid  = errors.New("invalid")   // a field of the call breaks a rule, which the error names
	ErrTooLarge = errors.New("too large") // the input holds more than MaxInput bytes
	ErrFull     = errors.New("the disk is full")
)

// Store keeps the records. Every change is guarded by the revision read before it.
type Store interface {
	Create(ctx context.Context, p Prediction) (rev uint64, err error)         // ErrExists, ErrFull
	Get(ctx context.Context, id string) (p Prediction, rev uint64, err error) // ErrNotFound
	Update(ctx context.Context, p Prediction, rev uint64) (uint64, error)     // ErrConflict
	Delete(ctx context.Context, id string) error                              // ErrNotFound
	// List answers newest first. Its results lack Logs, which only Get reads.
	List(ctx context.Context, q Query) (Page, error)
	Used(ctx context.Context) (bytes int64, err error)
}

// Query selects from the history.
type Query struct {
	Cursor        string // opaque, from Page.Next; empty: the newest
	Limit         int    // 0: 100
	Search        string // words that the prompt must hold
	Status        Status // "" = any
	Source        string // "" = any
	CreatedAfter  time.Time
	CreatedBefore time.Time

	OldestFirst    bool      // and Next leads to newer ones
	WithFiles      bool      // only those that have files to remove
	DeadlineBefore time.Time // only those with a deadline before this
}

// Page is one page of history; Next and Previous are "" at the ends.
type Page struct {
	Results        []Prediction
	Next, Previous string
}

// Queue hands each accepted prediction to one worker at a time, again if that one dies.
type Queue interface {
	Enqueue(ctx context.Context, id string) error // idempotent per id
	Receive(ctx context.Context) (Delivery, error)
	Position(ctx context.Context, id string) (int, error) // 1 is next; 0 when not waiting, or not known yet
	Waiting() int                                         // how many are; 0 when not known yet
}

// Delivery is one prediction in a worker's hands.
type Delivery interface {
	ID() string
	Heartbeat() error                 // still working: do not deliver to another
	Done() error                      // finished, never deliver again
	Return(delay time.Duration) error // not finished: deliver again
}

// Events is the replayable log of every prediction.
type Events interface {
	// Append assigns N; the event is on disk when it returns. After "done" it
	// answers ErrConflict. Number 1, "queued", is the record's own creation.
	Append(ctx context.Context, id string, e Event) (Event, error)
	Replay(ctx context.Context, id string, after uint64) ([]Event, error)
	// Follow sends every event numbered above after, old ones first, then new
	// ones as they happen, and closes the channel after "done" or when ctx ends.
	// Previews come on the second channel, which drops what is not read in time
	// and is closed after the first one.
	Follow(ctx context.Context, id string, after uint64) (<-chan Event, <-chan Preview, error)
	PublishPreview(id string, p Preview) error // never stored
	Delete(ctx context.Context, id string) error
}

// Canceler carries a cancel request to whichever worker has the prediction.
type Canceler interface {
	Cancel(ctx context.Context, id string) error
	OnCancel(ctx context.Context, id string) (<-chan struct{}, error)
}

// File describes a stored file. Token is the capability that serves it.
type File struct {
	Token       string    `json:"token"` // 128 random bits, unguessable
	Name        string    `json:"name"`
	ContentType string    `json:"content_type"`
	Size        int64     `json:"size"`
	SHA256      string    `json:"sha256"`
	MD5         string    `json:"md5"`
	CreatedAt   time.Time `json:"created_at"`
	ExpiresAt   time.Time `json:"expires_at"` // zero: kept until retention

	Metadata map[string]string `json:"metadata,omitempty"` // the uploader's own
}

// Files stores pictures in and out.
type Files interface {
	// Put fills Token, Size, sums and CreatedAt. A given token may come back
	// longer; to Delete the file what was given is enough. Until Put returns,
	// nobody can open the file. ErrFull.
	Put(ctx context.Context, f File, r io.Reader) (File, error)
	Open(ctx context.Context, token string) (File, io.ReadSeekCloser, error)
	Stat(ctx context.Context, token string) (File, error)
	Delete(ctx context.Context, token string) error
	List(ctx context.Context) ([]File, error) // those with ExpiresAt (uploads), newest first
	Used(ctx context.Context) (bytes int64, err error)
}

// Generator draws the pictures of one prediction.
type Generator interface {
	Generate(ctx context.Context, p Prediction, s Sink) (Extra, error)
}

// Sink takes what a run tells while it runs. Its methods do not block the run for long.
type Sink interface {
	// Step tells that a picture's step (1…of) took seconds. Pictures drawn
	// together tell as the last of them, so that progress ends at 100 %.
	Step(picture, step, of int, seconds float64)
	Preview(picture, step int, jpeg []byte)
	Picture(index int, seed int64, name, contentType string, data []byte) error // one finished picture
	Log(text string)
}
