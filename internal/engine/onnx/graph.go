// Package onnx builds ONNX graphs and writes them as ModelProto bytes.
//
// A Graph is filled by its op methods, one call a node, each returning the
// Value it makes with its type and shape. Building never panics and needs no
// error handling between the calls: the graph keeps the first error, with the
// op and the shapes it got, and Build returns it. Weights stay in the files they lie in
// (see External). The package knows nothing of any runtime.
package onnx

import (
	"fmt"
	"strings"
)

// Versions of what the graphs are made of. Opset 21 has kernels on every
// execution provider; later ones lose some (WebGPU's Sin and Cos, for one).
const (
	irVersion   = 10
	opset       = 21
	opsetContib = 1
	contrib     = "com.microsoft"
)

// Value is the result of a node, an input or an initialiser. The zero Value
// stands for an optional input that is not given.
type Value struct {
	Name  string
	Type  DType
	Shape Shape
}

// Given says whether v is a real value and not an absent optional one.
func (v Value) Given() bool { return v.Name != "" }

// Dim returns dimension i; negative i counts from the end; out of range gives the unknown Dim.
func (v Value) Dim(i int) Dim { return v.Shape.At(i) }

func (v Value) String() string {
	if !v.Given() {
		return "absent"
	}
	return fmt.Sprintf("%s %s%s", v.Name, v.Type, v.Shape)
}

// Graph is an ONNX graph under construction.
type Graph struct {
	name         string
	nodes        []node
	inputs       []Value
	outputs      []Value
	initializers []initializer
	taken        map[string]bool
	constants    map[string]Value
	err          error
}

type node struct {
	op, domain      string
	name            string
	inputs, outputs []string
	types           []DType // of the inputs and outputs
	attrs           []attr
}

// New returns an empty graph; its name shows in errors.
func New(name string) *Graph {
	return &Graph{name: name, taken: map[string]bool{}, constants: map[string]Value{}}
}

// Err returns the first error so far.
func (g *Graph) Err() error { return g.err }

// Input declares a graph input.
func (g *Graph) Input(name string, t DType, dims ...Dim) Value {
	v := Value{Name: name, Type: t, Shape: dims}
	if !g.claim(name) {
		return v
	}
	g.inputs = append(g.inputs, v)
	return v
}

// Output makes v a graph output called name.
func (g *Graph) Output(name string, v Value) {
	out := g.emit("Identity", "", []Value{v}, nil, Value{Name: name, Type: v.Type, Shape: v.Shape})
	g.outputs = append(g.outputs, out[0])
}

// Fail records an error that is not about one op, unless one came before.
func (g *Graph) Fail(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf("graph %s: %s", g.name, fmt.Sprintf(format, args...))
	}
}

// want records that op cannot take these inputs unless ok holds, and says
// whether the op may go on.
func (g *Graph) want(op string, ok bool, rule string, inputs ...Value) bool {
	if g.err != nil {
		return false
	}
	if !ok {
		g.Fail("%s(%s): %s", op, list(inputs), rule)
	}
	return ok
}

// claim reserves a name; a name taken twice is an error.
func (g *Graph) claim(name string) bool {
	if name == "" || g.taken[name] {
		g.Fail("name %q is empty or taken twice", name)
		return false
	}
	g.taken[name] = true
	return true
}

// one adds a node of one result.
func (g *Graph) one(op, domain string, inputs []Value, attrs []attr, t DType, shape Shape) Value {
	return g.emit(op, domain, inputs, attrs, Value{Type: t, Shape: shape})[0]
}

// emit adds a node. Outputs without a name get one made of the op and the node's number.
func (g *Graph) emit(op, domain string, inputs []Value, attrs []attr, outputs ...Value) []Value {
	if g.err != nil {
		return outputs
	}
	n := node{op: op, domain: domain, name: fmt.Sprintf("%s_%d", op, len(g.nodes)), attrs: attrs}
	for _, in := range inputs {
		if in.Given() && !g.taken[in.Name] {
			g.Fail("%s(%s): input %q is not of this graph", op, list(inputs), in.Name)
			return outputs
		}
		n.inputs, n.types = append(n.inputs, in.Name), append(n.types, in.Type)
	}
	for i := range outputs {
		if outputs[i].Name == "" {
			outputs[i].Name = fmt.Sprintf("%s:%d", n.name, i)
		}
		if !g.claim(outputs[i].Name) {
			return outputs
		}
		n.outputs, n.types = append(n.outputs, outputs[i].Name), append(n.types, outputs[i].Type)
	}
	g.nodes = append(g.nodes, n)
	return outputs
}

func list(values []Value) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = v.String()
	}
	return strings.Join(parts, ", ")
}
