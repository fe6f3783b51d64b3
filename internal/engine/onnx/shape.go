package onnx

import (
	"fmt"
	"slices"
	"strings"
)

// Dim is one dimension: a fixed size, or a symbol whose size each run decides.
// The zero Dim is a fixed size of 0; Unknown is the dimension nothing is known of.
type Dim struct {
	Size int64
	Name string // of a symbol; empty: fixed
}

// Unknown is a dimension of which nothing is known.
var Unknown = Dim{Name: "?"}

// D is a fixed dimension.
func D[T int | int64](n T) Dim { return Dim{Size: int64(n)} }

// Sym is a dimension that each run decides.
func Sym(name string) Dim { return Dim{Name: name} }

// Fixed says whether d is known when the graph is built.
func (d Dim) Fixed() bool { return d.Name == "" }

// Is says whether d is n, or may be.
func (d Dim) Is(n int64) bool { return !d.Fixed() || d.Size == n }

// fits says whether the two may be equal at run time.
func (d Dim) fits(e Dim) bool { return !d.Fixed() || !e.Fixed() || d.Size == e.Size }

// plus is the size of two parts laid one after the other.
func (d Dim) plus(e Dim) Dim {
	if d.Fixed() && e.Fixed() {
		return D(d.Size + e.Size)
	}
	return Sym(d.String() + "+" + e.String())
}

func (d Dim) String() string {
	if d.Fixed() {
		return fmt.Sprint(d.Size)
	}
	return d.Name
}

// Shape is the dimensions of a value, outermost first.
type Shape []Dim

// Dims makes a Shape of fixed sizes.
func Dims[T int | int64](sizes ...T) Shape {
	s := make(Shape, len(sizes))
	for i, n := range sizes {
		s[i] = D(n)
	}
	return s
}

// At returns dimension i; negative i counts from the end; out of range gives Unknown.
func (s Shape) At(i int) Dim {
	if i < 0 {
		i += len(s)
	}
	if i < 0 || i >= len(s) {
		return Unknown
	}
	return s[i]
}

func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = d.String()
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// with returns a copy whose dimension i is d; negative i counts from the end.
func (s Shape) with(i int, d Dim) Shape {
	if i < 0 {
		i += len(s)
	}
	t := slices.Clone(s)
	t[i] = d
	return t
}

// broadcast returns the shape of an element-wise op on both.
func (s Shape) broadcast(t Shape) (Shape, bool) {
	if len(s) < len(t) {
		s, t = t, s
	}
	out := slices.Clone(s)
	for i := 1; i <= len(t); i++ {
		a, b := s[len(s)-i], t[len(t)-i]
		switch {
		case b == D(1) || a == b:
		case a == D(1):
			out[len(s)-i] = b
		case !a.fits(b):
			return nil, false
		case b.Fixed():
			out[len(s)-i] = b
		}
	}
	return out, true
}

// volume is a product of dimensions: the fixed part and the symbols.
func (s Shape) volume() (int64, []string) {
	n, names := int64(1), []string(nil)
	for _, d := range s {
		if d.Fixed() {
			n *= d.Size
		} else {
			names = append(names, d.Name)
		}
	}
	return n, names
}

// rest is the dimension that makes t as large as s; ok is false when no
// whole number does.
func (s Shape) rest(t Shape) (Dim, bool) {
	n, names := s.volume()
	m, taken := t.volume()
	for _, name := range taken {
		i := slices.Index(names, name)
		if i < 0 {
			return Unknown, true
		}
		names = slices.Delete(names, i, i+1)
	}
	switch {
	case m == 0:
		return Unknown, n == 0
	case len(names) == 0:
		return D(n / m), n%m == 0
	case len(names) == 1 && n == m:
		return Sym(names[0]), true
	}
	return Unknown, true
}
