// Package share is what an owner does with predictions besides making them:
// shows one to others by a link, stars it, or throws it away.
//
// It knows nothing of HTTP or NATS; Shares and Marks are what it needs kept.
package share

import (
	"context"
	"time"

	"easel/internal/prediction"
)

// Share shows one prediction to whoever has its token.
type Share struct {
	Token       string `json:"token"`      // 128 random bits: the whole permission
	Prediction  string `json:"prediction"` // id
	HidePrompt  bool   `json:"hide_prompt,omitempty"`
	HideImage   bool   `json:"hide_image,omitempty"`   // the pictures that it started from
	AllowReplay bool   `json:"allow_replay,omitempty"` // strangers may run it again, within a rate

	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"` // zero: never
	RevokedAt time.Time `json:"revoked_at,omitzero"` // zero: not revoked

	Replays []string `json:"replays,omitempty"` // ids of the runs made by this share, oldest first
}

// New opens a share of a prediction; life 0 is without end.
func New(predictionID string, now time.Time, life time.Duration) Share {
	s := Share{Token: prediction.NewToken(), Prediction: predictionID, CreatedAt: now.UTC().Truncate(time.Millisecond)} // fine enough that lists know the newest
	if life > 0 {
		s.ExpiresAt = s.CreatedAt.Add(life)
	}
	return s
}

// State is where a share stands.
type State string

const (
	Open    State = "open"
	Expired State = "expired"
	Revoked State = "revoked"
)

// State tells whether the share still shows anything.
func (s Share) State(now time.Time) State {
	switch {
	case !s.RevokedAt.IsZero():
		return Revoked
	case !s.ExpiresAt.IsZero() && !now.Before(s.ExpiresAt):
		return Expired
	}
	return Open
}

// Hides says whether an input is kept from strangers.
func (s Share) Hides(input string) bool {
	switch input {
	case "prompt":
		return s.HidePrompt
	case "image", "mask":
		return s.HideImage
	}
	return false
}

// maxReplays is how many runs a share remembers: older ones are in the history only.
const maxReplays = 50

// Replayed adds a run made by this share.
func (s *Share) Replayed(predictionID string) {
	s.Replays = append(s.Replays, predictionID)
	if extra := len(s.Replays) - maxReplays; extra > 0 {
		s.Replays = s.Replays[extra:]
	}
}

// Shares keeps shares. What is not there is prediction.ErrNotFound.
type Shares interface {
	Add(ctx context.Context, s Share) error
	Get(ctx context.Context, token string) (Share, error)
	Of(ctx context.Context, predictionID string) ([]Share, error) // newest first
	Change(ctx context.Context, token string, change func(*Share)) (Share, error)
}
