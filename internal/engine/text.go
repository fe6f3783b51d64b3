package engine

import (
	"context"
	"fmt"
	"slices"

	"easel/internal/engine/flux"
	"easel/internal/engine/t5"
)

// texts remembers the last prompts' encodings, the latest last.
type texts []struct {
	key  string
	text flux.Text
}

// maxTexts bounds the memory: FLUX.1's encodings take 8 MiB each.
const maxTexts = 8

func (t texts) get(key string) (flux.Text, bool) {
	for _, x := range t {
		if x.key == key {
			return x.text, true
		}
	}
	return flux.Text{}, false
}

func (t *texts) put(key string, text flux.Text) {
	if len(*t) == maxTexts {
		*t = slices.Delete(*t, 0, 1)
	}
	*t = append(*t, struct {
		key  string
		text flux.Text
	}{key, text})
}

// encode reads the prompt, and says what of it was cut.
func (r *run) encode(ctx context.Context) error {
	e, v, prompt, length := r.engine, r.variant, r.request.Prompt, r.length
	clipIDs, clipCut := v.clipTokens.Encode(prompt, v.clipTokens.MaxLength())
	t5IDs, t5Cut := v.t5Tokens.Encode(prompt, length)
	if t5Cut > 0 {
		r.warn("prompt cut at %d tokens: %d more were not read", length, t5Cut)
	} else if clipCut > 0 {
		r.warn("prompt cut at %d tokens for its summary: %d more shaped only the details", len(clipIDs), clipCut)
	}
	key := fmt.Sprintf("%s|%s|%v|%d|%s|%s", v.parts[partCLIP], v.parts[partT5], r.form.t5, length, r.adapters.text, prompt)
	if text, ok := e.texts.get(key); ok {
		r.text = text
		return nil
	}
	pooled, err := r.pooled(ctx, clipIDs)
	if err != nil {
		return err
	}
	states, err := r.states(ctx, t5IDs)
	if err != nil {
		return err
	}
	r.text = flux.Text{States: states, Pooled: pooled, Tokens: length}
	e.texts.put(key, r.text)
	return nil
}

func (r *run) pooled(ctx context.Context, ids []int64) ([]float32, error) {
	model, err := loaded(r, r.engine.clip)
	if err != nil {
		return nil, err
	}
	defer clock(&r.timings.Text)()
	pooled, err := model.Encode(ctx, ids, r.adapters.clip)
	if err != nil {
		return nil, err
	}
	return pooled, finite("CLIP text encoder", pooled)
}

func (r *run) states(ctx context.Context, ids []int64) ([]float32, error) {
	model, err := loaded(r, func(v *variant) (*t5.Model, error) {
		return r.engine.t5(ctx, v, r.form)
	})
	if err != nil {
		return nil, err
	}
	defer clock(&r.timings.Text)()
	states, err := model.Encode(ctx, ids, r.adapters.t5)
	if err != nil {
		return nil, err
	}
	return states, finite("T5 text encoder", states)
}
