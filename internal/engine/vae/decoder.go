package vae

import (
	"fmt"

	"easel/internal/engine/nn"
	"easel/internal/engine/onnx"
	"easel/internal/engine/safetensors"
)

// Names of the graphs' inputs and outputs.
const (
	InLatents  = "latents"
	OutPicture = "picture"
	InPicture  = "picture"
	OutMoments = "moments"
)

// decoder is AutoencoderKL's second half; fields are named as in the checkpoint.
type decoder struct {
	net
	PostQuantConv *nn.Conv2D
	ConvIn        nn.Conv2D
	MidBlock      mid
	UpBlocks      []upLevel
	ConvNormOut   nn.GroupNorm
	ConvOut       nn.Conv2D
}

// upLevel is UpDecoderBlock2D.
type upLevel struct {
	g         *onnx.Graph
	Resnets   []resnet
	Upsampler *nn.Conv2D // after doubling; absent in the last level
}

func (n net) newDecoder(w *nn.Weights) decoder {
	c := n.config
	inner, outer := c.BlockChannels[len(c.BlockChannels)-1], c.BlockChannels[0]
	d := decoder{net: n}
	if c.PostQuantConv {
		conv := w.Conv2D("post_quant_conv", c.LatentChannels, c.LatentChannels, 1)
		d.PostQuantConv = &conv
	}
	w = w.At("decoder")
	d.ConvIn = w.Conv2D("conv_in", c.LatentChannels, inner, 3)
	d.MidBlock = n.newMid(w.At("mid_block"), inner)
	in := inner
	for i := range c.BlockChannels {
		out := c.BlockChannels[len(c.BlockChannels)-1-i]
		level, at := upLevel{g: n.g}, w.At("up_blocks", i)
		for j := range c.LayersPerBlock + 1 {
			level.Resnets = append(level.Resnets, n.newResnet(at.At("resnets", j), in, out))
			in = out
		}
		if i < len(c.BlockChannels)-1 {
			conv := at.Conv2D("upsamplers.0.conv", out, out, 3)
			level.Upsampler = &conv
		}
		d.UpBlocks = append(d.UpBlocks, level)
	}
	d.ConvNormOut = w.GroupNorm("conv_norm_out", c.NormGroups, outer, eps)
	d.ConvOut = w.Conv2D("conv_out", outer, c.OutChannels, 3)
	return d
}

// forward maps latents [1 c h w] to a picture [1 3 h·f w·f].
func (d decoder) forward(x onnx.Value) onnx.Value {
	if d.PostQuantConv != nil {
		x = d.PostQuantConv.Apply(x)
	}
	x = d.MidBlock.forward(d.ConvIn.Apply(x))
	for _, level := range d.UpBlocks {
		x = level.forward(x)
	}
	return d.ConvOut.Apply(d.activate(d.ConvNormOut.Apply(x)))
}

func (l upLevel) forward(x onnx.Value) onnx.Value {
	for _, r := range l.Resnets {
		x = r.forward(x)
	}
	if l.Upsampler != nil {
		x = l.Upsampler.Apply(l.g.Upsample2x(x))
	}
	return x
}

// BuildDecoder makes the decoder's graph over the checkpoint file: input
// latents [1 c h w], output picture [1 3 h·f w·f]. The error lists every tensor
// that is missing or wrong. plainAttention avoids the fused attention op.
func BuildDecoder(c Config, file *safetensors.Checkpoint, plainAttention bool) (onnx.Model, error) {
	g := onnx.New("vae_decoder")
	w := nn.NewWeights(g, file, false)
	d := net{g, c, plainAttention}.newDecoder(w)
	x := g.Input(InLatents, onnx.Float32, onnx.D(1), onnx.D(c.LatentChannels), onnx.Sym("h"), onnx.Sym("w"))
	g.Output(OutPicture, d.forward(x))
	return build(g, w)
}

func build(g *onnx.Graph, w *nn.Weights) (onnx.Model, error) {
	if err := w.Err(); err != nil {
		return onnx.Model{}, err
	}
	m, err := g.Build()
	if err != nil {
		return onnx.Model{}, fmt.Errorf("build autoencoder: %w", err)
	}
	return m, nil
}
