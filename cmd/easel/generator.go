package main

import (
	"context"
	"encoding/json"

	"easel/internal/prediction"
	"easel/internal/render"
	"easel/internal/schema"
)

// generator is the renderer as the domain sees it.
type generator struct{ renderer *render.Renderer }

func (g generator) Generate(ctx context.Context, p prediction.Prediction, s prediction.Sink) (prediction.Extra, error) {
	in, err := schema.Parse(p.Input)
	if err != nil {
		return prediction.Extra{}, err
	}
	report, err := g.renderer.Render(ctx, in, s)
	return prediction.Extra{
		Seeds: report.Seeds, Warnings: report.Warnings, Timings: timings(report), Verdicts: verdicts(report), LoRAs: adapters(report),
	}, err
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
