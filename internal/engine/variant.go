package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"easel/internal/engine/clip"
	"easel/internal/engine/flux"
	"easel/internal/engine/lora"
	"easel/internal/engine/preview"
	"easel/internal/engine/quant"
	"easel/internal/engine/safetensors"
	"easel/internal/engine/sampling"
	"easel/internal/engine/t5"
	"easel/internal/engine/tokenizer"
	"easel/internal/engine/vae"
)

// Stems of the weight files.
const (
	textStem  = "model"
	imageStem = "diffusion_pytorch_model"
)

// variant is a model directory that was read and found complete. Its networks
// are loaded when they are first needed.
type variant struct {
	name       string
	parts      layout
	scheduler  *sampling.Scheduler
	clipTokens tokenizer.Tokenizer
	t5Tokens   tokenizer.Tokenizer
	clip       clip.Config
	t5         t5.Config
	flux       flux.Config
	vae        vae.Config
	tiny       vae.TinyConfig   // where parts has one
	bytes      map[string]int64 // that each part's weights hold in memory as float32
	rounded    map[int]int64    // that the transformer's hold in 8 and 4 bits
	roundedT5  int64            // that T5's hold in 8 bits
	layers     lora.Layers      // that an adapter may change
	adapter    *lora.Adapter    // that makes this variant of its base; nil for most
}

// readVariant reads all of a directory but the weights themselves. Its error
// lists everything that is missing or wrong.
func readVariant(name string, parts layout) (*variant, error) {
	v := &variant{name: name, parts: parts, bytes: map[string]int64{}, rounded: map[int]int64{}, layers: lora.Layers{}}
	errs := make([]error, 8)
	v.scheduler, errs[0] = readPart(v, partScheduler, sampling.LoadScheduler)
	v.clipTokens, errs[1] = readPart(v, partCLIPTokens, tokenizer.LoadCLIP)
	v.t5Tokens, errs[2] = readPart(v, partT5Tokens, tokenizer.LoadT5)
	v.clip, errs[3] = readNetwork(v, partCLIP, textStem, clip.ReadConfig, func(c clip.Config, file *safetensors.Checkpoint) error {
		_, modules, err := clip.Build(c, file, true)
		v.addLayers(partCLIP, modules)
		return err
	})
	v.t5, errs[4] = readNetwork(v, partT5, textStem, t5.ReadConfig, func(c t5.Config, file *safetensors.Checkpoint) error {
		_, modules, err := t5.Build(c, file, t5.Form{Adapted: true})
		v.addLayers(partT5, modules)
		v.roundedT5 = v.bytes[partT5] - quant.Saves(file, t5.RoundedWeights(file))
		return err
	})
	v.flux, errs[5] = readNetwork(v, partTransformer, imageStem, flux.ReadConfig, func(c flux.Config, file *safetensors.Checkpoint) error {
		_, modules, err := flux.Build(c, file, flux.Form{Adapted: true})
		v.addLayers(partTransformer, modules)
		for _, bits := range []int{8, 4} {
			v.rounded[bits] = v.bytes[partTransformer] - quant.Saves(file, flux.FastWeights(file, bits))
		}
		return err
	})
	v.vae, errs[6] = readNetwork(v, partVAE, imageStem, vae.ReadConfig, func(c vae.Config, file *safetensors.Checkpoint) error {
		_, decoder := vae.BuildDecoder(c, file, false)
		_, encoder := vae.BuildEncoder(c, file, false)
		return errors.Join(decoder, encoder)
	})
	v.tiny, errs[7] = readNetwork(v, partTiny, imageStem, vae.ReadTinyConfig, func(c vae.TinyConfig, file *safetensors.Checkpoint) error {
		_, err := vae.BuildTiny(c, file)
		return err
	})
	if err := errors.Join(errs...); err != nil || slices.ContainsFunc(components, func(part string) bool { return parts[part] == "" }) {
		return nil, err // readLayout said what is missing
	}
	return v, errors.Join(v.fits(), v.checkPreview(), v.readAdapter())
}

// readAdapter reads the LoRA that is part of the variant.
func (v *variant) readAdapter() (err error) {
	path := v.parts[partAdapter]
	if path == "" {
		return nil
	}
	if v.adapter, err = lora.Load(path, v.layers); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if unmatched := v.adapter.Report.Unmatched; len(unmatched) > 0 {
		return fmt.Errorf("%s: %d of its keys match no layer (the first is %q)", path, len(unmatched), unmatched[0])
	}
	return nil
}

// readPart reads a component, unless readLayout found it missing or unknown.
func readPart[T any](v *variant, part string, read func(dir string) (T, error)) (t T, err error) {
	if dir := v.parts[part]; dir != "" {
		return read(dir)
	}
	return t, nil
}

// readNetwork reads one network's config and the headers of its weights, and
// builds its graph, which asks for every tensor by name and shape.
func readNetwork[C any](v *variant, part, stem string, read func(string) (C, error), build func(C, *safetensors.Checkpoint) error) (C, error) {
	if v.parts[part] == "" {
		var none C
		return none, nil
	}
	config, err := read(v.parts[part])
	file, ferr := safetensors.OpenDir(v.parts[part], stem)
	if err := errors.Join(err, ferr); err != nil {
		return config, err
	}
	for _, name := range file.Names() {
		t, _ := file.Tensor(name)
		n := int64(4) // all computing is in float32
		for _, d := range t.Shape {
			n *= d
		}
		v.bytes[part] += n
	}
	return config, build(config, file)
}

// fits checks that the components are made for each other.
func (v *variant) fits() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %s", v.name, fmt.Sprintf(format, args...)))
		}
	}
	want(v.flux.PooledWidth == v.clip.Width, "transformer's pooled_projection_dim %d is not text_encoder's hidden_size %d", v.flux.PooledWidth, v.clip.Width)
	want(v.flux.TextWidth == v.t5.Width, "transformer's joint_attention_dim %d is not text_encoder_2's d_model %d", v.flux.TextWidth, v.t5.Width)
	want(v.flux.InChannels == 4*v.vae.LatentChannels, "transformer's in_channels %d is not 4 times vae's latent_channels %d", v.flux.InChannels, v.vae.LatentChannels)
	want(v.flux.OutChannels == v.flux.InChannels, "transformer's out_channels %d is not its in_channels %d", v.flux.OutChannels, v.flux.InChannels)
	want(v.clipTokens.MaxLength() <= v.clip.MaxTokens, "tokenizer's model_max_length %d is beyond text_encoder's max_position_embeddings %d", v.clipTokens.MaxLength(), v.clip.MaxTokens)
	if v.parts[partTiny] != "" {
		want(v.tiny.LatentChannels == v.vae.LatentChannels && v.tiny.Factor() == v.vae.Factor(), "taef1's %d channels of %d pixels are not vae's %d of %d",
			v.tiny.LatentChannels, v.tiny.Factor(), v.vae.LatentChannels, v.vae.Factor())
	}
	return errors.Join(errs...)
}

// checkPreview reads the preview map, which may be missing: it is fitted then.
func (v *variant) checkPreview() error {
	_, err := preview.Read(filepath.Join(v.parts[partVAE], preview.File), v.vae.LatentChannels)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// held is how many bytes the large networks hold in a form.
func (v *variant) held(f form) (t5, transformer int64) {
	t5, transformer = v.bytes[partT5], v.bytes[partTransformer]
	if f.t5 {
		t5 = v.roundedT5
	}
	if f.bits > 0 {
		transformer = v.rounded[f.bits]
	}
	return t5, transformer
}

// textTokens is how many T5 tokens a prompt becomes.
func (v *variant) textTokens() int {
	limit := 512
	if v.name == Schnell {
		limit = 256
	}
	return min(limit, v.t5Tokens.MaxLength())
}

// unit is the pixels that a token spans on each side: sizes are computed in multiples of it.
func (v *variant) unit() int { return 2 * v.vae.Factor() }
