package picture

import (
	"encoding/binary"
	"fmt"
	"math"
)

// parseCurve reads a 'curv' or 'para' tag.
func parseCurve(tag []byte) (curve, error) {
	if len(tag) < 12 {
		return curve{}, fmt.Errorf("it lacks a tone curve")
	}
	switch string(tag[:4]) {
	case "curv":
		return sampledCurve(tag)
	case "para":
		return parametricCurve(tag)
	}
	return curve{}, fmt.Errorf("it has a tone curve of an unknown kind")
}

// sampledCurve: no entry is the identity, one is a gamma, more are samples.
func sampledCurve(tag []byte) (curve, error) {
	n := int64(binary.BigEndian.Uint32(tag[8:]))
	samples := tag[12:]
	if 2*n > int64(len(samples)) {
		return curve{}, fmt.Errorf("its tone curve is cut short")
	}
	at := func(i int) float64 { return float64(binary.BigEndian.Uint16(samples[2*i:])) }
	var c curve
	for i := range c {
		x := float64(i) / 255
		switch n {
		case 0:
			c[i] = x
		case 1:
			c[i] = math.Pow(x, at(0)/256)
		default:
			pos := x * float64(n-1)
			low := min(int(pos), int(n)-2)
			f := pos - float64(low)
			c[i] = (at(low)*(1-f) + at(low+1)*f) / 65535
		}
	}
	return c, nil
}

// parametricCurve evaluates functions 0 to 4 of table 68: all are
// (a·x+b)^g + e from d on, and c·x + f below.
func parametricCurve(tag []byte) (curve, error) {
	kind := int(binary.BigEndian.Uint16(tag[8:]))
	counts := [...]int{1, 3, 4, 5, 7}
	if kind >= len(counts) || len(tag) < 12+4*counts[kind] {
		return curve{}, fmt.Errorf("its tone curve is damaged")
	}
	var v [7]float64 // g a b c d e f
	for i := range counts[kind] {
		v[i] = fixed(tag[12+4*i:])
	}
	g, a, b, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind {
	case 0:
		a = 1
	case 1, 2: // zero (or the offset c) below -b/a
		if a == 0 {
			return curve{}, fmt.Errorf("its tone curve is damaged")
		}
		e, f, c, d = c, c, 0, -b/a
	}
	var out curve
	for i := range out {
		x := float64(i) / 255
		y := c*x + f
		if x >= d {
			y = math.Pow(max(a*x+b, 0), g) + e
		}
		if math.IsNaN(y) || math.IsInf(y, 0) {
			return curve{}, fmt.Errorf("its tone curve is damaged")
		}
		out[i] = min(max(y, 0), 1)
	}
	return out, nil
}
