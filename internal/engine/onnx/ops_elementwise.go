package onnx

// Add returns x + y, broadcast.
func (g *Graph) Add(x, y Value) Value { return g.binary("Add", x, y) }

// Sub returns x − y, broadcast.
func (g *Graph) Sub(x, y Value) Value { return g.binary("Sub", x, y) }

// Mul returns x · y, broadcast.
func (g *Graph) Mul(x, y Value) Value { return g.binary("Mul", x, y) }

// Div returns x / y, broadcast.
func (g *Graph) Div(x, y Value) Value { return g.binary("Div", x, y) }

func (g *Graph) binary(op string, x, y Value) Value {
	shape, ok := x.Shape.broadcast(y.Shape)
	if !g.want(op, x.Type == y.Type && ok, "types must be equal and shapes broadcast", x, y) {
		return Value{}
	}
	return g.one(op, "", []Value{x, y}, nil, x.Type, shape)
}

// Sigmoid returns 1 / (1 + e^−x).
func (g *Graph) Sigmoid(x Value) Value { return g.unary("Sigmoid", "", x) }

// Tanh returns the hyperbolic tangent.
func (g *Graph) Tanh(x Value) Value { return g.unary("Tanh", "", x) }

// Exp returns e^x.
func (g *Graph) Exp(x Value) Value { return g.unary("Exp", "", x) }

// Relu returns max(x, 0).
func (g *Graph) Relu(x Value) Value { return g.unary("Relu", "", x) }

// Gelu returns x·Φ(x): the exact form, or the one by tanh.
func (g *Graph) Gelu(x Value, tanh bool) Value {
	approximate := "none"
	if tanh {
		approximate = "tanh"
	}
	return g.unary("Gelu", "", x, textAttr("approximate", approximate))
}

// QuickGelu returns x·sigmoid(alpha·x); alpha 1 is SiLU, for which this op has the fastest kernels.
func (g *Graph) QuickGelu(x Value, alpha float64) Value {
	return g.unary("QuickGelu", contrib, x, floatAttr("alpha", alpha))
}

// Softmax normalises along an axis.
func (g *Graph) Softmax(x Value, axis int) Value {
	return g.unary("Softmax", "", x, intAttr("axis", axis))
}

// Clip bounds x to lo…hi.
func (g *Graph) Clip(x Value, lo, hi float32) Value {
	if !g.want("Clip", x.Type == Float32, "must be f32", x) {
		return Value{}
	}
	bound := func(b float32) Value { return g.scalar(b) }
	return g.one("Clip", "", []Value{x, bound(lo), bound(hi)}, nil, x.Type, x.Shape)
}

func (g *Graph) scalar(x float32) Value { return g.Floats([]float32{x}) }

func (g *Graph) unary(op, domain string, x Value, attrs ...attr) Value {
	if !g.want(op, x.Type.IsFloat(), "must be real numbers", x) {
		return Value{}
	}
	return g.one(op, domain, []Value{x}, attrs, x.Type, x.Shape)
}

// Cast converts x; a value that already has the type is returned as it is.
func (g *Graph) Cast(x Value, t DType) Value {
	if x.Type == t || !g.want("Cast", t.Size() > 0, "unknown type", x) {
		return x
	}
	return g.one("Cast", "", []Value{x}, []attr{intAttr("to", int64(t))}, t, x.Shape)
}
