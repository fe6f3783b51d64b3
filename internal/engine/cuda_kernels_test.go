package engine

import (
	"slices"

	"easel/internal/engine/onnx"
)

// Kernels of CUDA's execution provider, for the operators that Easel emits and
// real numbers: ONNX Runtime 1.30, docs/OperatorKernels.md. What is not here
// runs on the CPU, with a copy there and back.
var cudaKernels = map[onnx.DType][]string{
	onnx.Float32: append([]string{
		"Clip", "Conv", "Exp", "InstanceNormalization", "ReduceMax", "Resize", "SkipSimplifiedLayerNormalization",
	}, cudaBoth...),
	onnx.BFloat16: cudaBoth,
}

// cudaBoth have kernels in f32 and in bf16.
var cudaBoth = []string{
	"Add", "Cast", "Concat", "Div", "Gather", "Gelu", "Gemm", "Identity", "LayerNormalization", "MatMul", "Mul", "MultiHeadAttention",
	"QuickGelu", "Relu", "Reshape", "RotaryEmbedding", "Shape", "Sigmoid", "SimplifiedLayerNormalization", "Slice", "Softmax", "Split",
	"Squeeze", "Sub", "Tanh", "Transpose", "Unsqueeze",
}

// lacking lists the graph's operators that a CUDA device has no kernel for.
func lacking(m onnx.Model) (ops []onnx.Op) {
	for _, op := range m.Ops {
		if !slices.Contains(cudaKernels[op.Type], op.Name) {
			ops = append(ops, op)
		}
	}
	return ops
}
