package nn

import "easel/internal/engine/onnx"

// SiLU is x·sigmoid(x).
func SiLU(g *onnx.Graph, x onnx.Value) onnx.Value { return g.QuickGelu(x, 1) }

// Activation applies the function that a config calls name.
func Activation(g *onnx.Graph, name string, x onnx.Value) onnx.Value {
	switch name {
	case "silu", "swish":
		return SiLU(g, x)
	case "gelu":
		return g.Gelu(x, false)
	case "gelu_new", "gelu_pytorch_tanh", "gelu-approximate":
		return g.Gelu(x, true)
	case "quick_gelu":
		return g.QuickGelu(x, 1.702)
	case "relu":
		return g.Relu(x)
	}
	g.Fail("unknown activation %q", name)
	return onnx.Value{}
}
