package vae

import (
	"easel/internal/engine/nn"
	"easel/internal/engine/onnx"
)

// eps is that of every norm in the autoencoder.
const eps = 1e-6

// net is what all the parts of a graph share.
type net struct {
	g      *onnx.Graph
	config Config
	// plainAttention spells the attention out: WebGPU's fused kernel cannot
	// hold a head as wide as all of the channels.
	plainAttention bool
}

// resnet is ResnetBlock2D without time: two normed convolutions beside a shortcut.
type resnet struct {
	net
	Norm1, Norm2 nn.GroupNorm
	Conv1, Conv2 nn.Conv2D
	ConvShortcut *nn.Conv2D // where the channels change
}

func (n net) newResnet(w *nn.Weights, in, out int) resnet {
	r := resnet{
		net:   n,
		Norm1: w.GroupNorm("norm1", n.config.NormGroups, in, eps), Conv1: w.Conv2D("conv1", in, out, 3),
		Norm2: w.GroupNorm("norm2", n.config.NormGroups, out, eps), Conv2: w.Conv2D("conv2", out, out, 3),
	}
	if in != out {
		shortcut := w.Conv2D("conv_shortcut", in, out, 1)
		r.ConvShortcut = &shortcut
	}
	return r
}

// forward maps x [1 in h w] to [1 out h w].
func (r resnet) forward(x onnx.Value) onnx.Value {
	y := r.Conv1.Apply(r.activate(r.Norm1.Apply(x)))
	y = r.Conv2.Apply(r.activate(r.Norm2.Apply(y)))
	if r.ConvShortcut != nil {
		x = r.ConvShortcut.Apply(x)
	}
	return r.g.Add(x, y)
}

func (n net) activate(x onnx.Value) onnx.Value { return nn.Activation(n.g, n.config.Activation, x) }

// attention lets all positions of the innermost level see each other, with one head.
type attention struct {
	net
	GroupNorm     nn.GroupNorm
	ToQ, ToK, ToV nn.Linear
	ToOut         nn.Linear
	channels      int
}

func (n net) newAttention(w *nn.Weights, channels int) attention {
	return attention{
		n, w.GroupNorm("group_norm", n.config.NormGroups, channels, eps),
		w.Linear("to_q", channels, channels), w.Linear("to_k", channels, channels), w.Linear("to_v", channels, channels),
		w.Linear("to_out.0", channels, channels), channels,
	}
}

// forward maps x [1 c h w] to the same shape.
func (a attention) forward(x onnx.Value) onnx.Value {
	g := a.g
	y := g.Reshape(a.GroupNorm.Apply(x), a.channels, onnx.Rest) // [c h·w]
	y = g.Transpose(y, 1, 0)                                    // [h·w c]
	y = a.ToOut.Apply(a.attend(a.ToQ.Apply(y), a.ToK.Apply(y), a.ToV.Apply(y)))
	y = g.Transpose(y, 1, 0) // [c h·w]
	return g.Add(x, g.ReshapeLike(y, x))
}

func (a attention) attend(q, k, v onnx.Value) onnx.Value {
	if a.plainAttention {
		return nn.PlainAttention(a.g, q, k, v, onnx.Value{}, 1, 0)
	}
	return nn.Attention(a.g, q, k, v, 1, onnx.AttentionOptions{})
}

// mid is UNetMidBlock2D: a resnet, the attention if there is one, a resnet.
type mid struct {
	Resnets    [2]resnet
	Attentions []attention
}

func (n net) newMid(w *nn.Weights, channels int) mid {
	m := mid{Resnets: [2]resnet{
		n.newResnet(w.At("resnets", 0), channels, channels),
		n.newResnet(w.At("resnets", 1), channels, channels),
	}}
	if n.config.MidAttention {
		m.Attentions = append(m.Attentions, n.newAttention(w.At("attentions", 0), channels))
	}
	return m
}

func (m mid) forward(x onnx.Value) onnx.Value {
	x = m.Resnets[0].forward(x)
	for _, a := range m.Attentions {
		x = a.forward(x)
	}
	return m.Resnets[1].forward(x)
}
