package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
)

// External is a tensor that lies in a file: weights are never copied into the model.
type External struct {
	Type   DType
	Shape  []int64
	File   string // path of the file; links are resolved by Build
	Offset int64  // in bytes from the file's start; any alignment
	Length int64  // in bytes
}

type initializer struct {
	value    Value
	raw      []byte // little-endian; nil when external
	external *External
}

// External declares an initialiser whose bytes lie in a file.
func (g *Graph) External(name string, x External) Value {
	v := Value{Name: name, Type: x.Type, Shape: Dims(x.Shape...)}
	want := int64(x.Type.Size())
	for _, n := range x.Shape {
		want *= n
	}
	if !g.want("External", want > 0 && want == x.Length && x.Offset >= 0, fmt.Sprintf("%d bytes at %d do not hold it", x.Length, x.Offset), v) || !g.claim(name) {
		return v
	}
	g.initializers = append(g.initializers, initializer{value: v, external: &x})
	return v
}

// Floats declares a small inline f32 constant; equal ones are kept once.
func (g *Graph) Floats(data []float32, shape ...int64) Value {
	raw := make([]byte, 0, 4*len(data))
	for _, x := range data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return g.inline(Float32, raw, shape)
}

// Float is a constant of shape [1] that broadcasts over everything.
func (g *Graph) Float(x float32) Value { return g.Floats([]float32{x}, 1) }

// Fill is a constant vector of n times x.
func (g *Graph) Fill(x float32, n int) Value {
	data := make([]float32, n)
	for i := range data {
		data[i] = x
	}
	return g.Floats(data, int64(n))
}

// Ints declares a small inline int64 vector.
func (g *Graph) Ints(data ...int64) Value {
	raw := make([]byte, 0, 8*len(data))
	for _, x := range data {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(x))
	}
	return g.inline(Int64, raw, []int64{int64(len(data))})
}

func (g *Graph) inline(t DType, raw []byte, shape []int64) Value {
	v := Value{Type: t, Shape: Dims(shape...)}
	key := fmt.Sprintf("%s%s%x", t, v.Shape, raw)
	if had, ok := g.constants[key]; ok {
		return had
	}
	n := int64(t.Size())
	for _, d := range shape {
		n *= d
	}
	if !g.want("Constant", n == int64(len(raw)), fmt.Sprintf("%d bytes given", len(raw)), v) {
		return v
	}
	v.Name = fmt.Sprintf("const_%d", len(g.constants))
	if g.claim(v.Name) {
		g.constants[key] = v
		g.initializers = append(g.initializers, initializer{value: v, raw: raw})
	}
	return v
}
