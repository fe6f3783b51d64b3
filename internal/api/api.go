// Package api serves Replicate's HTTP API, byte for byte where clients look,
// and what Easel adds to it: events, metrics and health.
//
// One file holds one action, or one small resource. Routes.go is the whole
// table; front.go is what every request passes on its way there.
package api

import (
	"log/slog"

	"easel/internal/prediction"
)

// API answers /v1 and /files. Its fields are its needs; set them, then Register.
type API struct {
	Service   *prediction.Service
	Catalogue Catalogue
	Webhooks  Webhooks
	Metrics   *Metrics
	Log       *slog.Logger

	PublicURL  string        // what callers call this server, such as https://easel.example; "" = as the request says
	OwnURL     string        // where it listens, such as http://127.0.0.1:3000: for webhooks when PublicURL is ""
	OutputURLs string        // "auto", "data" or "http": see outputs.go
	Secret     []byte        // of this server: signs download links
	Account    string        // the name that GET /v1/account tells
	Hardware   func() string // what the pictures are drawn on, such as "cpu"

	WebhookSecret string                     // "whsec_…", told by GET /v1/webhooks/default/secret
	CheckWebhook  func(address string) error // refuses an address before the work is accepted; nil: none
	Limits        *Limits                    // nil: no rate limit
	Ready         func() error               // for /readyz; nil: always
}

// Webhooks delivers what predictions tell their webhooks.
type Webhooks interface {
	Expect(id string) error // before the prediction is written, so that a crash in between loses nothing
	Forget(id string)       // it was not written
	Watch(id string)        // it was: follow it
}

// NoWebhooks delivers nothing.
type NoWebhooks struct{}

func (NoWebhooks) Expect(string) error { return nil }
func (NoWebhooks) Forget(string)       {}
func (NoWebhooks) Watch(string)        {}
