package onnx

// MatMul multiplies the last two dimensions: [… m k] × [… k n] → [… m n].
func (g *Graph) MatMul(a, b Value) Value {
	ok := a.Type == b.Type && len(a.Shape) >= 2 && len(b.Shape) >= 2 && a.Dim(-1).fits(b.Dim(-2))
	if !g.want("MatMul", ok, "needs [… m k] and [… k n] of one type", a, b) {
		return Value{}
	}
	head, ok := a.Shape[:len(a.Shape)-2].broadcast(b.Shape[:len(b.Shape)-2])
	if !g.want("MatMul", ok, "batch dimensions must broadcast", a, b) {
		return Value{}
	}
	shape := append(append(Shape{}, head...), a.Dim(-2), b.Dim(-1))
	return g.one("MatMul", "", []Value{a, b}, nil, a.Type, shape)
}

// Gemm returns a·b + c for a [m k] and b [k n], c broadcast and optional.
func (g *Graph) Gemm(a, b, c Value) Value { return g.gemm(a, b, c, false) }

// GemmT returns a·bᵀ + c for a [m k] and b [n k], which is how checkpoints
// store a linear layer, so that no weight is ever transposed.
func (g *Graph) GemmT(a, b, c Value) Value { return g.gemm(a, b, c, true) }

func (g *Graph) gemm(a, b, c Value, transposed bool) Value {
	k, n, attrs := b.Dim(0), b.Dim(1), []attr(nil)
	if transposed {
		k, n, attrs = n, k, []attr{intAttr("transB", 1)}
	}
	shape, inputs := Shape{a.Dim(0), n}, []Value{a, b}
	ok := len(a.Shape) == 2 && len(b.Shape) == 2 && a.Type == b.Type && a.Dim(1).fits(k)
	if c.Given() {
		_, fits := shape.broadcast(c.Shape)
		ok = ok && fits && c.Type == a.Type
		inputs = append(inputs, c)
	}
	if !g.want("Gemm", ok, "needs a [m k], b [k n] (or [n k] transposed), c broadcast to [m n]", inputs...) {
		return Value{}
	}
	return g.one("Gemm", "", inputs, attrs, a.Type, shape)
}
