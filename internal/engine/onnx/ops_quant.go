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

// MatMulNBits returns a·wᵀ for a f32 [m k] and a weight [n k] in groups of
// block values of one row: (q − 2^(bits−1))·scale, with q in data uint8
// [n k/block block·bits/8], low bits first, and scales f32 [n k/block]. The
// product is of 8-bit numbers: a is rounded in groups of the same size.
func (g *Graph) MatMulNBits(a, data, scales Value, bits, block int) Value {
	const op = "MatMulNBits"
	k, n := a.Dim(1), data.Dim(0)
	ok := len(a.Shape) == 2 && a.Type == Float32 && k.Fixed() && n.Fixed() && block > 0 && data.Type == Uint8 && len(data.Shape) == 3 &&
		k.Size%int64(block) == 0 && data.Dim(1).Is(k.Size/int64(block)) && data.Dim(2).Is(int64(block*bits/8)) &&
		scales.Type == Float32 && len(scales.Shape) == 2 && scales.Dim(0).fits(n) && scales.Dim(1).fits(data.Dim(1))
	if !g.want(op, ok, "needs a f32 [m k], data uint8 [n k/block block·bits/8], scales f32 [n k/block]", a, data, scales) {
		return Value{}
	}
	attrs := []attr{
		intAttr("K", k.Size), intAttr("N", n.Size), intAttr("bits", bits), intAttr("block_size", block),
		intAttr("accuracy_level", 4), // level 0 widens the weight again in every run
	}
	return g.one(op, contrib, []Value{a, data, scales}, attrs, Float32, Shape{a.Dim(0), n})
}
