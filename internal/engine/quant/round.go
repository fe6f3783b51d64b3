package quant

import (
	"math"
	"unsafe"
)

// limit is the most steps of 8 bits: −128 is left out, so that a weight and its
// negative round alike.
const limit = 127

// rows returns w [out in] as int8 [in out], with a scale for each out. A row
// that holds a NaN or an infinity gets that for a scale, so that it still shows
// in what is computed.
func rows(w []float32, out, in int) (q []byte, scales []float32) {
	q, scales = make([]byte, out*in), make([]float32, out)
	signed := unsafe.Slice((*int8)(unsafe.Pointer(&q[0])), len(q))
	for first := 0; first < out; first += tile {
		last := min(first+tile, out)
		var inverse [tile]float32
		for o := first; o < last; o++ {
			scales[o] = top(w[o*in:(o+1)*in]) / limit
			inverse[o-first] = reciprocal(scales[o])
		}
		for i := range in {
			to := signed[i*out+first : i*out+last]
			for t := range to {
				to[t] = nearest(float32(w[(first+t)*in+i] * inverse[t]))
			}
		}
	}
	return q, scales
}

// tile is how many rows are turned into columns together: a cache line of them.
const tile = 64

// signBit is a float32's; without it, floats are ordered as their bits are, and
// NaNs come last. That spares a branch that half of all weights would take.
const signBit = 1 << 31

// top is the largest magnitude in a row, or NaN where one is.
func top(row []float32) float32 {
	most := uint32(0)
	for _, x := range row {
		most = max(most, math.Float32bits(x)&^signBit)
	}
	return math.Float32frombits(most)
}

// reciprocal is 1/x, or 0 where there is none.
func reciprocal(x float32) float32 {
	if x == 0 || x != x {
		return 0
	}
	return 1 / x
}

// nearest rounds to the nearest whole number, ties away from zero.
func nearest(x float32) int8 {
	if x != x {
		return 0
	}
	half := math.Float32frombits(math.Float32bits(0.5) | math.Float32bits(x)&signBit)
	return int8(int32(x + half))
}
