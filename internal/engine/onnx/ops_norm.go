package onnx

// LayerNorm normalises the last dimension; scale and bias (optional) are [d],
// or [1 1 d] under a 3-D x, where every provider has its fast kernel.
func (g *Graph) LayerNorm(x, scale, bias Value, eps float64) Value {
	inputs := []Value{x, scale}
	if bias.Given() {
		inputs = append(inputs, bias)
	}
	return g.norm("LayerNormalization", inputs, eps)
}

// RMSNorm is x / √(mean(x²) + eps) · scale over the last dimension; scale is [d].
func (g *Graph) RMSNorm(x, scale Value, eps float64) Value {
	return g.norm("SimplifiedLayerNormalization", []Value{x, scale}, eps)
}

func (g *Graph) norm(op string, inputs []Value, eps float64) Value {
	x, ok := inputs[0], len(inputs[0].Shape) >= 1
	for _, v := range inputs[1:] {
		ok = ok && v.Type == x.Type && v.Dim(-1).fits(x.Dim(-1))
	}
	if !g.want(op, ok, "scale and bias must have x's type and last dimension", inputs...) {
		return Value{}
	}
	attrs := []attr{intAttr("axis", -1), floatAttr("epsilon", eps)}
	return g.one(op, "", inputs, attrs, x.Type, x.Shape)
}

// SkipRMSNorm returns the RMSNorm of x + skip, and that sum: a residual step
// and the next norm in one op. x and skip are [b s d].
func (g *Graph) SkipRMSNorm(x, skip, scale Value, eps float64) (normed, sum Value) {
	ok := len(x.Shape) == 3 && x.Type == skip.Type && x.Type == scale.Type && x.Dim(-1).fits(scale.Dim(-1))
	if !g.want("SkipSimplifiedLayerNormalization", ok, "needs x and skip [b s d] and scale [d]", x, skip, scale) {
		return Value{}, Value{}
	}
	like := Value{Type: x.Type, Shape: x.Shape}
	out := g.emitHoles("SkipSimplifiedLayerNormalization", contrib, []Value{x, skip, scale}, []attr{floatAttr("epsilon", eps)}, like, like)
	return out[0], out[1]
}

// emitHoles adds a node of four outputs of which only the first and the last are wanted.
func (g *Graph) emitHoles(op, domain string, inputs []Value, attrs []attr, first, last Value) []Value {
	out := g.emit(op, domain, inputs, attrs, first, last)
	if g.err == nil {
		n := &g.nodes[len(g.nodes)-1]
		n.outputs = []string{n.outputs[0], "", "", n.outputs[1]}
	}
	return out
}

// InstanceNorm normalises each channel of x [n c …] over its other dimensions; scale and bias are [c].
func (g *Graph) InstanceNorm(x, scale, bias Value, eps float64) Value {
	ok := len(x.Shape) >= 3 && scale.Dim(0).fits(x.Dim(1)) && bias.Dim(0).fits(x.Dim(1)) && x.Type == scale.Type && x.Type == bias.Type
	if !g.want("InstanceNormalization", ok, "needs x [n c …], scale and bias [c]", x, scale, bias) {
		return Value{}
	}
	return g.one("InstanceNormalization", "", []Value{x, scale, bias}, []attr{floatAttr("epsilon", eps)}, x.Type, x.Shape)
}
