// Package models holds the embedded model: a FLUX-layout directory for each
// variant, its card and the licences of what it was trained on.
package models

import "embed"

// Emoji is the folder emoji/, with the variants dev (complete) and schnell
// (only what differs from dev) in diffusers layout.
//
//go:embed all:emoji
var Emoji embed.FS
