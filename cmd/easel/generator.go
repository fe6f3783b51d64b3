package main

import (
	"context"
	"encoding/json"
	"fmt"

	"easel/internal/prediction"
	"easel/internal/render"
	"easel/internal/schema"
)

// generator is the renderer as the domain sees it.
type generator struct {
	renderer *render.Renderer
	version  string // of the model that it draws with
}

func (g generator) Generate(ctx context.Context, p prediction.Prediction, s prediction.Sink) (prediction.Extra, error) {
	in, err := schema.Parse(p.Input)
	if err != nil {
		return prediction.Extra{}, err
	}
	report, err := g.renderer.Render(ctx, in, s)
	report.Warnings = append(report.Warnings, otherVersion(p.Version, g.version)...)
	return extra(report), err
}

// extra is a report as responses carry it.
func extra(r render.Report) prediction.Extra {
	return prediction.Extra{Seeds: r.Seeds, Warnings: r.Warnings, Timings: timings(r), Verdicts: verdicts(r), LoRAs: adapters(r)}
}

// otherVersion warns of a picture that is not by the weights it was asked of:
// a worker of another model may share the queue, or the model was changed
// while the prediction waited.
func otherVersion(asked, drew string) []string {
	if asked == drew {
		return nil
	}
	return []string{fmt.Sprintf("asked of version %.12s of the model, drawn with version %.12s", asked, drew)}
}

// timings gives a report's durations in seconds.
func timings(r render.Report) *prediction.Timings {
	t := r.Timings
	return &prediction.Timings{
		Load: t.Load.Seconds(), Text: t.Text.Seconds(), Encode: t.Encode.Seconds(), Steps: t.Steps.Seconds(),
		Preview: t.Preview.Seconds(), Decode: t.Decode.Seconds(), Safety: r.Safety.Seconds(), Save: r.Save.Seconds(), Total: r.Total.Seconds(),
	}
}

func verdicts(r render.Report) []prediction.Verdict {
	out := make([]prediction.Verdict, len(r.Verdicts))
	for i, v := range r.Verdicts {
		out[i] = prediction.Verdict{Flagged: v.Flagged, Score: v.Score}
	}
	return out
}

func adapters(r render.Report) []prediction.LoRA {
	out := make([]prediction.LoRA, len(r.LoRAs))
	for i, l := range r.LoRAs {
		card, err := json.Marshal(l.Report)
		if err != nil {
			card = nil // plain strings and numbers always marshal
		}
		out[i] = prediction.LoRA{Source: l.Source, SHA256: l.SHA256, Scale: l.Scale, Report: card}
	}
	return out
}
