package onnx

import "slices"

// In Reshape's sizes: Keep copies the dimension at the same place, Rest takes what is left.
const (
	Keep = 0
	Rest = -1
)

// Reshape gives x new dimensions; at most one may be Rest.
func (g *Graph) Reshape(x Value, sizes ...int) Value {
	shape, rest, ok := make(Shape, len(sizes)), -1, true
	to := make([]int64, len(sizes))
	for i, n := range sizes {
		to[i] = int64(n)
		switch n {
		case Keep:
			shape[i], ok = x.Dim(i), ok && i < len(x.Shape)
		case Rest:
			shape[i], ok = D(1), ok && rest < 0
			rest = i
		default:
			shape[i] = D(n)
		}
	}
	left, fits := x.Shape.rest(shape)
	if rest >= 0 {
		shape[rest] = left
	} else {
		fits = fits && left.Is(1)
	}
	if !g.want("Reshape", ok && fits, "the new shape "+shape.String()+" does not hold as many", x) {
		return Value{}
	}
	return g.one("Reshape", "", []Value{x, g.Ints(to...)}, nil, x.Type, shape)
}

// ReshapeLike gives x the shape that like has at run time.
func (g *Graph) ReshapeLike(x, like Value) Value {
	if left, ok := x.Shape.rest(like.Shape); !g.want("Reshape", ok && left.Is(1), "the two hold different amounts", x, like) {
		return Value{}
	}
	shape := g.one("Shape", "", []Value{like}, nil, Int64, Dims(len(like.Shape)))
	return g.one("Reshape", "", []Value{x, shape}, nil, x.Type, like.Shape)
}

// Transpose reorders dimensions: the result's dimension i is x's perm[i].
func (g *Graph) Transpose(x Value, perm ...int) Value {
	sorted, shape := slices.Sorted(slices.Values(perm)), Shape{}
	ok := len(perm) == len(x.Shape)
	for i, p := range sorted {
		ok = ok && p == i
	}
	if !g.want("Transpose", ok, "perm must name each dimension once", x) {
		return Value{}
	}
	for _, p := range perm {
		shape = append(shape, x.Dim(p))
	}
	return g.one("Transpose", "", []Value{x}, []attr{intsAttr("perm", perm...)}, x.Type, shape)
}

// Concat lays values one after the other along an axis; they agree in all other dimensions.
func (g *Graph) Concat(axis int, values ...Value) Value {
	if len(values) == 0 {
		g.Fail("Concat of nothing")
		return Value{}
	}
	x := values[0]
	ok, total := x.hasAxis(axis), x.Dim(axis)
	for _, v := range values[1:] {
		ok = ok && v.Type == x.Type && len(v.Shape) == len(x.Shape)
		for i := range v.Shape {
			if ok && i != axis && i != axis+len(v.Shape) {
				ok = v.Dim(i).fits(x.Dim(i))
			}
		}
		total = total.plus(v.Dim(axis))
	}
	if !g.want("Concat", ok, "types, ranks and other dimensions must agree", values...) {
		return Value{}
	}
	return g.one("Concat", "", values, []attr{intAttr("axis", axis)}, x.Type, x.Shape.with(axis, total))
}

// Split cuts x along an axis into parts of the given sizes.
func (g *Graph) Split(x Value, axis int, sizes ...int) []Value {
	total, to := int64(0), make([]int64, len(sizes))
	for i, n := range sizes {
		to[i] = int64(n)
		total += to[i]
	}
	parts := make([]Value, len(sizes))
	if !g.want("Split", x.hasAxis(axis) && x.Dim(axis).Is(total), "sizes must add up", x) {
		return parts
	}
	for i, n := range sizes {
		parts[i] = Value{Type: x.Type, Shape: x.Shape.with(axis, D(n))}
	}
	return g.emit("Split", "", []Value{x, g.Ints(to...)}, []attr{intAttr("axis", axis)}, parts...)
}

// Slice takes start ≤ i < end along an axis of known size.
func (g *Graph) Slice(x Value, axis, start, end int) Value {
	d := x.Dim(axis)
	if !g.want("Slice", x.hasAxis(axis) && 0 <= start && start <= end && (!d.Fixed() || int64(end) <= d.Size), "out of range", x) {
		return Value{}
	}
	return g.SliceTo(x, axis, g.Ints(int64(start)), g.Ints(int64(end)), D(end-start))
}

// SliceTo takes start ≤ i < end along an axis, both int64 [1] values that a
// run may decide; size is the result's dimension.
func (g *Graph) SliceTo(x Value, axis int, start, end Value, size Dim) Value {
	if !g.want("Slice", x.hasAxis(axis) && start.Type == Int64 && end.Type == Int64, "needs an axis and int64 bounds", x, start, end) {
		return Value{}
	}
	return g.one("Slice", "", []Value{x, start, end, g.Ints(int64(axis))}, nil, x.Type, x.Shape.with(axis, size))
}

// SizeOf returns x's size along an axis as an int64 [1] value.
func (g *Graph) SizeOf(x Value, axis int) Value {
	if !g.want("Shape", axis >= 0 && x.hasAxis(axis), "no such axis", x) {
		return Value{}
	}
	return g.one("Shape", "", []Value{x}, []attr{intAttr("start", axis), intAttr("end", axis+1)}, Int64, Dims(1))
}

// Unsqueeze inserts a dimension of 1 at axis (of the result).
func (g *Graph) Unsqueeze(x Value, axis int) Value {
	if !g.want("Unsqueeze", 0 <= axis && axis <= len(x.Shape), "no such place", x) {
		return Value{}
	}
	return g.one("Unsqueeze", "", []Value{x, g.Ints(int64(axis))}, nil, x.Type, slices.Insert(slices.Clone(x.Shape), axis, D(1)))
}

// Squeeze removes dimension axis, which is 1.
func (g *Graph) Squeeze(x Value, axis int) Value {
	if !g.want("Squeeze", 0 <= axis && axis < len(x.Shape) && x.Dim(axis).Is(1), "that dimension is not 1", x) {
		return Value{}
	}
	return g.one("Squeeze", "", []Value{x, g.Ints(int64(axis))}, nil, x.Type, slices.Delete(slices.Clone(x.Shape), axis, axis+1))
}

// Gather picks rows: the result is indices' shape followed by table's dimensions after the first.
func (g *Graph) Gather(table, indices Value) Value {
	if !g.want("Gather", len(table.Shape) >= 1 && (indices.Type == Int64 || indices.Type == Int32), "needs a table and int indices", table, indices) {
		return Value{}
	}
	shape := append(slices.Clone(indices.Shape), table.Shape[1:]...)
	return g.one("Gather", "", []Value{table, indices}, []attr{intAttr("axis", 0)}, table.Type, shape)
}

func (v Value) hasAxis(axis int) bool {
	if axis < 0 {
		axis += len(v.Shape)
	}
	return 0 <= axis && axis < len(v.Shape)
}
