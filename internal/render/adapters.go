package render

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"easel/internal/engine"
	"easel/internal/engine/lora"
	"easel/internal/loras"
	"easel/internal/picture"
	"easel/internal/schema"
)

// Adapters gets the LoRA file that an address names, and knows the operator's own.
type Adapters interface {
	Get(ctx context.Context, address string, progress loras.Progress) (loras.File, error)
	At(path string) (loras.File, error)
}

// LoRA is one adapter as it was applied.
type LoRA struct {
	Source string // mainLoRA, or the caller's address without its secrets
	Path   string
	SHA256 string
	Scale  float64
	Report lora.Report
}

const mainLoRA = "main"

// fastBoost is what both scales are multiplied by in the fast mode, as the
// contract tells callers.
const fastBoost = 1.5

// adapters finds the LoRA files of an input.
func (r *Renderer) adapters(ctx context.Context, in schema.Input, sink Sink) (used []LoRA, warnings []string, err error) {
	if in.Given("lora_scale") && r.MainLoRA == "" {
		warnings = append(warnings, "lora_scale ignored: this model has no main LoRA")
	}
	if in.Given("extra_lora_scale") && in.ExtraLora == "" {
		warnings = append(warnings, "extra_lora_scale ignored: no extra_lora is given")
	}
	if r.MainLoRA != "" && in.LoraScale != 0 {
		file, err := r.Adapters.At(r.MainLoRA)
		if err != nil {
			return nil, warnings, errors.New("the main LoRA cannot be read") // where it lies is nobody's business
		}
		used = append(used, LoRA{Source: mainLoRA, Path: file.Path, SHA256: file.SHA256, Scale: in.LoraScale})
	}
	if in.ExtraLora != "" { // got at scale 0, too: a wrong address is never silent
		file, err := r.Adapters.Get(ctx, in.ExtraLora, tellEvery(sink, 10))
		if err != nil {
			return nil, warnings, fmt.Errorf("extra_lora: %w", err)
		}
		if file.Warning != "" {
			warnings = append(warnings, "extra_lora: "+file.Warning)
		}
		if in.ExtraLoraScale != 0 {
			used = append(used, LoRA{Source: picture.CleanAddress(in.ExtraLora), Path: file.Path, SHA256: file.SHA256, Scale: in.ExtraLoraScale})
		}
	}
	boosted := in.GoFast && r.Engine.HasFast()
	for i := range used {
		l, how := &used[i], ""
		if boosted {
			how = fmt.Sprintf(" (%v, times %v for go_fast)", l.Scale, fastBoost)
			l.Scale *= fastBoost
		}
		sink.Log(fmt.Sprintf("LoRA %s at scale %v%s\n", l.Source, l.Scale, how))
	}
	return used, warnings, nil
}

// tellEvery logs a download's progress at every step of so many percent.
func tellEvery(sink Sink, percent int64) loras.Progress {
	told := int64(0)
	return func(done, total int64) {
		if total <= 0 {
			return
		}
		if now := done * 100 / total / percent; now > told {
			told = now
			sink.Log(fmt.Sprintf("extra_lora: %d %% of %.1f MiB\n", now*percent, float64(total)/(1<<20)))
		}
	}
}

func requested(used []LoRA) []engine.Adapter {
	out := make([]engine.Adapter, len(used))
	for i, l := range used {
		out[i] = engine.Adapter{Path: l.Path, Scale: l.Scale, Name: "extra_lora"}
		if l.Source == mainLoRA {
			out[i].Name = "the main LoRA"
		}
	}
	return out
}

// reported joins the engine's report cards to the adapters, and says in
// warnings what of a file was not applied.
func reported(used []LoRA, reports []lora.Report) (warnings []string) {
	for i := range min(len(used), len(reports)) {
		used[i].Report = reports[i]
		if used[i].Source != mainLoRA {
			used[i].Report.File = path.Base(used[i].Source) // in the cache its name is its sum
		}
		if n := len(reports[i].Unmatched); n > 0 {
			warnings = append(warnings, fmt.Sprintf("%s LoRA: %d of %d keys have no place in this model: %s",
				used[i].Source, n, reports[i].Keys, strings.Join(reports[i].Unmatched[:min(3, n)], ", ")))
		}
	}
	return warnings
}
