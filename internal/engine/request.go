// Package engine turns a Request into pictures with a FLUX.1 model in diffusers layout.
//
// It reads the component configs and safetensors files, builds each network's
// ONNX graph in Go, and runs them on ONNX Runtime. It knows nothing of HTTP,
// queues or predictions.
package engine

import (
	"image"
	"time"

	"easel/internal/engine/lora"
)

// Request is one engine run: all its pictures share prompt and settings and differ in seed.
type Request struct {
	Variant  string // "dev" or "schnell"
	Prompt   string
	Width    int // of the finished picture, exact
	Height   int
	Steps    int
	Guidance float64
	Seeds    []int64 // one for each picture

	Image    *image.NRGBA // start from this picture; nil: from noise
	Mask     *image.Gray  // 128 and over is repainted; nil: everything
	Strength float64      // of Image's destruction, 0…1

	Adapters []Adapter // LoRA files with their scales
	Fast     bool      // quantised mode
	Previews bool
}

// Adapter is a LoRA file on disk and how strongly it is applied.
type Adapter struct {
	Path  string
	Scale float64
	Name  string // what errors call it; empty: the file's name
}

// Observer is told of a run's progress, on the run's own goroutine.
type Observer interface {
	Step(Step)
	Preview(picture, step int, img *image.RGBA)
	Picture(index int, img *image.NRGBA) error // as soon as decoded
}

// Quiet is an Observer that does nothing.
type Quiet struct{}

func (Quiet) Step(Step)                       {}
func (Quiet) Preview(int, int, *image.RGBA)   {}
func (Quiet) Picture(int, *image.NRGBA) error { return nil }

// Step is one finished denoising step.
type Step struct {
	Picture, N, Of int
	Took           time.Duration
}

// Result is what a run leaves beside its pictures.
type Result struct {
	Timings  Timings
	Warnings []string
	Adapters []lora.Report // one for each adapter that was read
}

// Timings says where a run's time went.
type Timings struct {
	Load, Text, Encode, Steps, Preview, Decode, Total time.Duration
}
