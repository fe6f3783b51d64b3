package vae

import (
	"easel/internal/engine/nn"
	"easel/internal/engine/onnx"
	"easel/internal/engine/safetensors"
)

// encoder is AutoencoderKL's first half; fields are named as in the checkpoint.
type encoder struct {
	net
	ConvIn      nn.Conv2D
	DownBlocks  []downLevel
	MidBlock    mid
	ConvNormOut nn.GroupNorm
	ConvOut     nn.Conv2D
	QuantConv   *nn.Conv2D
}

// downLevel is DownEncoderBlock2D.
type downLevel struct {
	Resnets     []resnet
	Downsampler *nn.Conv2D // of stride 2; absent in the last level
}

func (n net) newEncoder(w *nn.Weights) encoder {
	c := n.config
	inner, outer := c.BlockChannels[len(c.BlockChannels)-1], c.BlockChannels[0]
	e := encoder{net: n}
	if c.QuantConv {
		conv := w.Conv2D("quant_conv", 2*c.LatentChannels, 2*c.LatentChannels, 1)
		e.QuantConv = &conv
	}
	w = w.At("encoder")
	e.ConvIn = w.Conv2D("conv_in", c.InChannels, outer, 3)
	in := outer
	for i, out := range c.BlockChannels {
		level, at := downLevel{}, w.At("down_blocks", i)
		for j := range c.LayersPerBlock {
			level.Resnets = append(level.Resnets, n.newResnet(at.At("resnets", j), in, out))
			in = out
		}
		if i < len(c.BlockChannels)-1 {
			conv := at.Conv2D("downsamplers.0.conv", out, out, 3)
			conv.Stride, conv.Pads = 2, []int{0, 0, 1, 1} // one zero row below and one column at the right
			level.Downsampler = &conv
		}
		e.DownBlocks = append(e.DownBlocks, level)
	}
	e.MidBlock = n.newMid(w.At("mid_block"), inner)
	e.ConvNormOut = w.GroupNorm("conv_norm_out", c.NormGroups, inner, eps)
	e.ConvOut = w.Conv2D("conv_out", inner, 2*c.LatentChannels, 3)
	return e
}

// forward maps a picture [1 3 h·f w·f] to moments [1 2c h w].
func (e encoder) forward(x onnx.Value) onnx.Value {
	x = e.ConvIn.Apply(x)
	for _, level := range e.DownBlocks {
		for _, r := range level.Resnets {
			x = r.forward(x)
		}
		if level.Downsampler != nil {
			x = level.Downsampler.Apply(x)
		}
	}
	x = e.ConvOut.Apply(e.activate(e.ConvNormOut.Apply(e.MidBlock.forward(x))))
	if e.QuantConv != nil {
		x = e.QuantConv.Apply(x)
	}
	return x
}

// BuildEncoder makes the encoder's graph over the checkpoint file: input
// picture [1 3 h·f w·f], output moments [1 2c h w], the means before the log
// variances. The error lists every tensor that is missing or wrong.
func BuildEncoder(c Config, file *safetensors.Checkpoint, plainAttention bool) (onnx.Model, error) {
	g := onnx.New("vae_encoder")
	w := nn.NewWeights(g, file, false)
	e := net{g, c, plainAttention}.newEncoder(w)
	x := g.Input(InPicture, onnx.Float32, onnx.D(1), onnx.D(c.InChannels), onnx.Sym("height"), onnx.Sym("width"))
	g.Output(OutMoments, e.forward(x))
	return build(g, w)
}
