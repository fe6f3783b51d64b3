// Package nn has the layers that Easel's networks are made of, as onnx ops over
// weights that lie in a safetensors checkpoint.
//
// Every layer works on one sequence or one picture: activations are 2-D,
// [tokens features], or [1 channels height width]. That keeps linear layers on
// Gemm with the checkpoint's own [out in] weights. All computing is in f32, or in
// bf16 where a device has the kernels (see Compute); weights stored otherwise are
// converted when the graph is loaded.
package nn

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"easel/internal/engine/onnx"
	"easel/internal/engine/safetensors"
)

// Weights gives a network its tensors by name and notes every one that is
// missing or has the wrong shape or type, so that all are reported at once.
type Weights struct {
	*state
	prefix string
}

// state is what the Weights of all prefixes share.
type state struct {
	g        *onnx.Graph
	file     *safetensors.Checkpoint
	problems []error
	wrong    int // of which problems lists the first
	loaded   map[string]onnx.Value
	compute  onnx.DType
	adapted  bool
	modules  []Module
	rounded  *safetensors.Checkpoint // nil: nothing is
	levels   int
	keep     func(weight string) bool
}

// Module is a linear layer that a LoRA may change. Its graph inputs are
// Name+".lora_A" [In r] and Name+".lora_B" [r Out]; r = 0 means no change.
type Module struct {
	Name    string
	In, Out int
}

// NewWeights makes tensors of file available in graph g. With adapted, linear
// layers get their LoRA inputs.
func NewWeights(g *onnx.Graph, file *safetensors.Checkpoint, adapted bool) *Weights {
	return &Weights{state: &state{g: g, file: file, compute: onnx.Float32, adapted: adapted, loaded: map[string]onnx.Value{}}}
}

// Compute makes the network compute in t, which is Float32 otherwise.
func (w *Weights) Compute(t onnx.DType) { w.compute = t }

// At returns the Weights below a name, as in w.At("layers", 3, "attn").
func (w *Weights) At(path ...any) *Weights {
	parts := make([]string, len(path))
	for i, p := range path {
		parts[i] = fmt.Sprint(p)
	}
	return &Weights{state: w.state, prefix: w.name(strings.Join(parts, "."))}
}

func (w *Weights) name(name string) string {
	if w.prefix == "" || name == "" {
		return w.prefix + name
	}
	return w.prefix + "." + name
}

// Has says whether the checkpoint has the tensor.
func (w *Weights) Has(name string) bool {
	_, ok := w.file.Tensor(w.name(name))
	return ok
}

// Tensor returns a tensor in the type that the network computes in. Its shape
// must be the given one.
func (w *Weights) Tensor(name string, shape ...int) onnx.Value {
	return w.g.Cast(w.Stored(name, shape...), w.compute)
}

// Stored returns a tensor in the type it is stored in: for tables of which a
// few rows are picked before they are widened.
func (w *Weights) Stored(name string, shape ...int) onnx.Value {
	name = w.name(name)
	if v, ok := w.loaded[name]; ok {
		return v
	}
	stand := onnx.Value{Type: onnx.Float32, Shape: onnx.Dims(shape...)} // lets building go on
	t, ok := w.file.Tensor(name)
	if !ok {
		return w.problem(stand, "tensor %q is missing", name)
	}
	dtype, ok := floats[t.DType]
	if !ok {
		return w.problem(stand, "tensor %q is %s, not F32, F16, BF16 or F8_E4M3", name, t.DType)
	}
	if t.DType == safetensors.F8 && w.scaled(name) {
		return w.problem(stand, "tensor %q is F8_E4M3 with a scale of its own, which Easel does not apply", name)
	}
	if !slices.EqualFunc(t.Shape, shape, func(a int64, b int) bool { return a == int64(b) }) {
		return w.problem(stand, "tensor %q is %v, the config makes it %v", name, t.Shape, shape)
	}
	v := w.g.External(name, onnx.External{Type: dtype, Shape: t.Shape, File: t.File, Offset: t.Offset, Length: t.Length})
	w.loaded[name] = v
	return v
}

// scaled says whether the file has a scale for a tensor, by one of the names
// that writers of 8-bit checkpoints use.
func (w *Weights) scaled(name string) bool {
	for _, scale := range []string{name + "_scale", name + "_scale_inv", strings.TrimSuffix(name, "weight") + "scale_weight"} {
		if _, ok := w.file.Tensor(scale); ok {
			return true
		}
	}
	return false
}

var floats = map[safetensors.DType]onnx.DType{
	safetensors.F32:  onnx.Float32,
	safetensors.F16:  onnx.Float16,
	safetensors.BF16: onnx.BFloat16,
	safetensors.F8:   onnx.Float8,
}

// problem notes what is wrong and returns a stand-in of the right shape.
func (w *Weights) problem(stand onnx.Value, format string, args ...any) onnx.Value {
	w.wrong++
	if w.wrong <= maxProblems {
		w.problems = append(w.problems, fmt.Errorf("%s: %s", w.file.Path, fmt.Sprintf(format, args...)))
	}
	return w.g.Input(fmt.Sprintf("problem_%d", w.wrong), stand.Type, stand.Shape...)
}

// Modules lists the linear layers built so far that take a LoRA.
func (w *Weights) Modules() []Module { return w.modules }

// maxProblems keeps the error readable when a config asks for another network
// than the checkpoint holds.
const maxProblems = 50

// Err lists the tensors that were missing or wrong, each with its file.
func (w *Weights) Err() error {
	if more := w.wrong - len(w.problems); more > 0 {
		return errors.Join(append(w.problems, fmt.Errorf("%s: and %d more tensors are missing or wrong", w.file.Path, more))...)
	}
	return errors.Join(w.problems...)
}
