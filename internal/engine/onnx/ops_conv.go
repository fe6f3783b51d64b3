package onnx

// Conv2D is a convolution of x [n c h w] with weight [out c kh kw] and bias
// [out] (optional). pads are top, left, bottom, right; none given: no padding.
func (g *Graph) Conv2D(x, weight, bias Value, stride int, pads ...int) Value {
	if len(pads) == 0 {
		pads = make([]int, 4)
	}
	inputs := []Value{x, weight}
	if bias.Given() {
		inputs = append(inputs, bias)
	}
	ok := len(x.Shape) == 4 && len(weight.Shape) == 4 && len(pads) == 4 && stride > 0 && x.Type == weight.Type && x.Dim(1).fits(weight.Dim(1)) &&
		(!bias.Given() || bias.Type == x.Type && bias.Dim(0).fits(weight.Dim(0)))
	if !g.want("Conv", ok, "needs x [n c h w], weight [out c kh kw], bias [out], four pads", inputs...) {
		return Value{}
	}
	side := func(i int) Dim {
		d, k := x.Dim(i), weight.Dim(i)
		if !d.Fixed() || !k.Fixed() {
			if stride == 1 && k.Fixed() && int64(pads[i-2]+pads[i]) == k.Size-1 {
				return d
			}
			return Unknown
		}
		return D((d.Size+int64(pads[i-2]+pads[i])-k.Size)/int64(stride) + 1)
	}
	attrs := []attr{intsAttr("strides", stride, stride), intsAttr("pads", pads...)}
	return g.one("Conv", "", inputs, attrs, x.Type, Shape{x.Dim(0), weight.Dim(0), side(2), side(3)})
}

// Upsample2x doubles height and width of x [n c h w] by repeating pixels, in
// the one form that ONNX Runtime keeps in its blocked layout.
func (g *Graph) Upsample2x(x Value) Value {
	if !g.want("Resize", len(x.Shape) == 4 && x.Type.IsFloat(), "needs [n c h w]", x) {
		return Value{}
	}
	double := func(d Dim) Dim {
		if d.Fixed() {
			return D(2 * d.Size)
		}
		return Sym("2*" + d.Name)
	}
	shape := Shape{x.Dim(0), x.Dim(1), double(x.Dim(2)), double(x.Dim(3))}
	attrs := []attr{textAttr("mode", "nearest"), textAttr("coordinate_transformation_mode", "asymmetric"), textAttr("nearest_mode", "floor")}
	return g.one("Resize", "", []Value{x, {}, g.Floats([]float32{1, 1, 2, 2}, 4)}, attrs, x.Type, shape)
}
