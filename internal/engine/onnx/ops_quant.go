package onnx

// Abs returns |x|.
func (g *Graph) Abs(x Value) Value { return g.unary("Abs", "", x) }

// ReduceMax returns the largest along the last dimension, which becomes 1.
func (g *Graph) ReduceMax(x Value) Value {
	if !g.want("ReduceMax", x.Type == Float32 && len(x.Shape) >= 1, "needs f32 with a dimension", x) {
		return Value{}
	}
	return g.one("ReduceMax", "", []Value{x, g.Ints(-1)}, []attr{intAttr("keepdims", 1)}, x.Type, x.Shape.with(-1, D(1)))
}

// Byte is a uint8 constant of shape [1].
func (g *Graph) Byte(b byte) Value { return g.inline(Uint8, []byte{b}, []int64{1}) }

// MatMulIntegerToFloat returns (a − zero)·b·scale for a uint8 [m k], b int8
// [k n], scale f32 [n] and zero uint8 [1].
func (g *Graph) MatMulIntegerToFloat(a, b, scale, zero Value) Value {
	const op = "MatMulIntegerToFloat"
	ok := len(a.Shape) == 2 && len(b.Shape) == 2 && len(scale.Shape) == 1 && a.Type == Uint8 && b.Type == Int8 && zero.Type == Uint8 &&
		scale.Type == Float32 && a.Dim(1).fits(b.Dim(0)) && scale.Dim(0).fits(b.Dim(1))
	if !g.want(op, ok, "needs a uint8 [m k], b int8 [k n], scale f32 [n], zero uint8 [1]", a, b, scale, zero) {
		return Value{}
	}
	inputs := []Value{a, b, g.scalar(1), scale, zero} // a's own scale is 1
	return g.one(op, contrib, inputs, nil, Float32, Shape{a.Dim(0), b.Dim(1)})
}
