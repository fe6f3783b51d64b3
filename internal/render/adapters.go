package render

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"

	"easel/internal/engine"
	"easel/internal/engine/lora"
	"easel/internal/loras"
	"easel/internal/picture"
	"easel/internal/schema"
)

// Adapters gets the LoRA file that an address names.
type Adapters interface {
	Get(ctx context.Context, address string, progress loras.Progress) (loras.File, error)
}

// LoRA is one adapter as it was applied.
type LoRA struct {
	Source string // "main", or the caller's address without its secrets
	Path   string
	SHA256 string
	Scale  float64
	Report lora.Report
}

// fastBoost is what both scales are multiplied by in the fast mode, as the
// contract tells callers.
const fastBoost = 1.5

// adapters finds the LoRA files of an input.
func (r *Renderer) adapters(ctx context.Context, in schema.Input, sink Sink) (used []LoRA, warnings []string, err error) {
	boost := 1.0
	if in.GoFast && r.Engine.HasFast() {
		boost = fastBoost
	}
	switch {
	case r.MainLoRA == "" && in.Given("lora_scale"):
		warnings = append(warnings, "lora_scale ignored: this model has no main LoRA")
	case r.MainLoRA != "" && in.LoraScale != 0:
		sum, err := SumOf(r.MainLoRA)
		if err != nil {
			return nil, warnings, fmt.Errorf("main LoRA: %w", err)
		}
		used = append(used, LoRA{Source: "main", Path: r.MainLoRA, SHA256: sum, Scale: in.LoraScale * boost})
	}
	if in.ExtraLora == "" {
		if in.Given("extra_lora_scale") {
			warnings = append(warnings, "extra_lora_scale ignored: no extra_lora is given")
		}
		return used, warnings, nil
	}
	file, err := r.Adapters.Get(ctx, in.ExtraLora, tellEvery(sink, 10))
	if err != nil {
		return nil, warnings, fmt.Errorf("extra_lora: %w", err)
	}
	if file.Warning != "" {
		warnings = append(warnings, "extra_lora: "+file.Warning)
	}
	if in.ExtraLoraScale == 0 {
		return used, warnings, nil
	}
	return append(used, LoRA{Source: picture.CleanAddress(in.ExtraLora), Path: file.Path, SHA256: file.SHA256, Scale: in.ExtraLoraScale * boost}), warnings, nil
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
		out[i] = engine.Adapter{Path: l.Path, Scale: l.Scale}
	}
	return out
}

// reported joins the engine's report cards to the adapters, and says in
// warnings what of a file was not applied.
func reported(used []LoRA, reports []lora.Report) (warnings []string) {
	for i := range min(len(used), len(reports)) {
		used[i].Report = reports[i]
		if n := len(reports[i].Unmatched); n > 0 {
			warnings = append(warnings, fmt.Sprintf("%s LoRA: %d of %d keys have no place in this model: %s",
				used[i].Source, n, reports[i].Keys, strings.Join(reports[i].Unmatched[:min(3, n)], ", ")))
		}
	}
	return warnings
}

// SumOf is the SHA-256 of a file, in hex.
func SumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
