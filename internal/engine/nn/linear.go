package nn

import "easel/internal/engine/onnx"

// Linear is y = x·Wᵀ + b, with the LoRA term (x·A)·B where the graph is adapted.
type Linear struct {
	g            *onnx.Graph
	Weight, Bias onnx.Value // [out in], [out] or absent
	LoraA, LoraB onnx.Value // [in r], [r out] or absent
	rounded      rounded    // instead of Weight, or absent
}

// Linear returns the layer called name, with a bias.
func (w *Weights) Linear(name string, in, out int) Linear {
	l := w.LinearNoBias(name, in, out)
	l.Bias = w.At(name).Tensor("bias", out)
	return l
}

// LinearNoBias returns the layer called name, without a bias.
func (w *Weights) LinearNoBias(name string, in, out int) Linear {
	at := w.At(name)
	l := Linear{g: w.g, rounded: at.roundedWeight("weight", in, out)}
	if !l.rounded.Weight.Given() {
		l.Weight = at.Tensor("weight", out, in)
	}
	if w.adapted {
		rank := onnx.Sym(at.prefix + ".rank")
		l.LoraA = w.g.Input(at.prefix+".lora_A", onnx.Float32, onnx.D(in), rank)
		l.LoraB = w.g.Input(at.prefix+".lora_B", onnx.Float32, rank, onnx.D(out))
		w.modules = append(w.modules, Module{Name: at.prefix, In: in, Out: out})
	}
	return l
}

// Apply maps x [tokens in] to [tokens out].
func (l Linear) Apply(x onnx.Value) onnx.Value {
	y := l.product(x)
	if l.LoraA.Given() {
		a, b := l.g.Cast(l.LoraA, x.Type), l.g.Cast(l.LoraB, x.Type)
		y = l.g.Gemm(l.g.Gemm(x, a, onnx.Value{}), b, y)
	}
	return y
}

func (l Linear) product(x onnx.Value) onnx.Value {
	if !l.rounded.Weight.Given() {
		return l.g.GemmT(x, l.Weight, l.Bias)
	}
	y := l.rounded.apply(l.g, x)
	if l.Bias.Given() {
		y = l.g.Add(y, l.Bias)
	}
	return y
}

// Embedding returns the rows of table name [rows width] that ids (int64 [tokens]) pick.
func (w *Weights) Embedding(name string, rows, width int, ids onnx.Value) onnx.Value {
	table := w.Stored(name, rows, width)
	if table.Type == onnx.Float8 { // of which Gather knows nothing
		table = w.Tensor(name, rows, width)
	}
	return w.g.Cast(w.g.Gather(table, ids), w.compute)
}
