package engine

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"easel/internal/engine/clip"
	"easel/internal/engine/flux"
	"easel/internal/engine/ort"
	"easel/internal/engine/preview"
	"easel/internal/engine/quant"
	"easel/internal/engine/safetensors"
	"easel/internal/engine/t5"
	"easel/internal/engine/vae"
)

// Each of these returns a variant's network, loading it when it is not there.
// Variants that share a component's folder share the network.

func (e *Engine) clip(v *variant) (*clip.Model, error) {
	return network(e, v, partCLIP, "", func(dir string, o ort.Options) (*clip.Model, error) {
		return clip.Load(dir, true, o)
	})
}

func (e *Engine) t5(ctx context.Context, v *variant, f form) (*t5.Model, error) {
	if !f.t5 {
		return network(e, v, partT5, "", func(dir string, o ort.Options) (*t5.Model, error) {
			return t5.Load(dir, true, o)
		})
	}
	dir := v.parts[partT5]
	return fetch(&e.shelf, dir+"#8", v.roundedT5, func() (*t5.Model, error) {
		cache, err := e.roundedWeights(v)
		if err != nil {
			return nil, err
		}
		return t5.LoadRounded(ctx, dir, true, e.sessions, cache)
	})
}

func (e *Engine) transformer(ctx context.Context, v *variant, f form) (*flux.Model, error) {
	if f.bits == 0 {
		return network(e, v, partTransformer, "", func(dir string, o ort.Options) (*flux.Model, error) {
			return flux.Load(dir, true, o)
		})
	}
	dir := v.parts[partTransformer]
	return fetch(&e.shelf, fmt.Sprintf("%s#%d", dir, f.bits), v.rounded[f.bits], func() (*flux.Model, error) {
		cache, err := e.roundedWeights(v)
		if err != nil {
			return nil, err
		}
		keep, err := e.sensitive(ctx, v, f.bits, cache)
		if err != nil {
			return nil, err
		}
		return flux.LoadFast(ctx, dir, true, e.sessions, f.bits, cache, keep)
	})
}

func (e *Engine) decoder(v *variant) (*vae.Decoder, error) {
	return network(e, v, partVAE, "decoder", vae.LoadDecoder)
}

func (e *Engine) encoder(v *variant) (*vae.Encoder, error) {
	return network(e, v, partVAE, "encoder", vae.LoadEncoder)
}

func network[T closer](e *Engine, v *variant, part, half string, load func(string, ort.Options) (T, error)) (T, error) {
	dir := v.parts[part]
	return fetch(&e.shelf, dir+"#"+half, v.bytes[part], func() (T, error) { return load(dir, e.sessions) })
}

// painter draws previews of packed latents.
type painter interface {
	Paint(ctx context.Context, tokens []float32, rows, cols int) (*image.RGBA, error)
	closer
}

// painter returns what draws the variant's previews: its AutoencoderTiny if it
// has one, or else a map. That lies beside the autoencoder; where it does not,
// it is fitted to the decoder.
func (e *Engine) painter(ctx context.Context, v *variant) (painter, error) {
	if dir := v.parts[partTiny]; dir != "" {
		return fetch(&e.shelf, dir, 0, func() (painter, error) {
			tiny, err := vae.LoadTiny(dir, e.sessions)
			if err != nil {
				return nil, err
			}
			return &preview.Decoded{Channels: v.tiny.LatentChannels, Factor: v.tiny.Factor(), Decode: tiny.Decode, Free: tiny.Close}, nil
		})
	}
	dir := v.parts[partVAE]
	return fetch(&e.shelf, dir+"#preview", 0, func() (painter, error) {
		m, err := e.previewMap(ctx, v)
		if err != nil {
			return nil, err
		}
		return preview.NewPainter(m, e.sessions.Threads)
	})
}

func (e *Engine) previewMap(ctx context.Context, v *variant) (preview.Map, error) {
	m, err := preview.Read(filepath.Join(v.parts[partVAE], preview.File), v.vae.LatentChannels)
	if !errors.Is(err, os.ErrNotExist) {
		return m, err
	}
	known, err := e.fittedMap(v)
	if err != nil {
		return preview.Map{}, err
	}
	if m, err = preview.Read(known, v.vae.LatentChannels); err == nil {
		return m, nil
	}
	decoder, err := e.decoder(v)
	if err != nil {
		return preview.Map{}, err
	}
	if m, err = preview.Fit(ctx, v.vae.LatentChannels, v.vae.Factor(), decoder.Decode); err != nil {
		return m, err
	}
	if os.MkdirAll(filepath.Dir(known), 0o755) == nil {
		m.Write(known) // or else it is fitted again at the next start
	}
	return m, nil
}

// fittedMap is where a map is kept that was fitted to the variant's decoder.
func (e *Engine) fittedMap(v *variant) (string, error) {
	file, err := safetensors.OpenDir(v.parts[partVAE], imageStem)
	if err != nil {
		return "", err
	}
	sum, err := quant.Fingerprint(file)
	if err != nil {
		return "", err
	}
	folder, err := e.cacheFolder()
	return filepath.Join(folder, "preview-"+sum+".safetensors"), err
}
