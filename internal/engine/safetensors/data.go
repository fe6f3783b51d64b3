package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
)

// Bytes reads the tensor's data into memory.
func (t Tensor) Bytes() ([]byte, error) {
	f, err := os.Open(t.File)
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	defer f.Close()
	data := make([]byte, t.Length)
	if _, err := f.ReadAt(data, t.Offset); err != nil {
		return nil, fmt.Errorf("%s: tensor %q: %w", t.File, t.Name, err)
	}
	return data, nil
}

// Float32s reads a floating-point tensor (F32, F16, BF16, F64 or F8_E4M3) as float32.
func (t Tensor) Float32s() ([]float32, error) {
	width, ok := floatBytes[t.DType]
	if !ok {
		return nil, fmt.Errorf("%s: tensor %q: %s is not a floating-point type that Easel reads", t.File, t.Name, t.DType)
	}
	data, err := t.Bytes()
	if err != nil {
		return nil, err
	}
	out, le := make([]float32, len(data)/width), binary.LittleEndian
	switch t.DType { // outside the loops: full-size models have billions of values
	case F32:
		for i := range out {
			out[i] = math.Float32frombits(le.Uint32(data[4*i:]))
		}
	case BF16:
		for i := range out {
			out[i] = math.Float32frombits(uint32(le.Uint16(data[2*i:])) << 16)
		}
	case F16:
		for i := range out {
			out[i] = half(le.Uint16(data[2*i:]))
		}
	case F8:
		for i := range out {
			out[i] = float8(data[i])
		}
	case F64:
		for i := range out {
			out[i] = float32(math.Float64frombits(le.Uint64(data[8*i:])))
		}
	}
	return out, nil
}

var floatBytes = map[DType]int{F32: 4, BF16: 2, F16: 2, F64: 8, F8: 1}

// float8 widens a float8 of 4 exponent and 3 fraction bits, which has no
// infinities (E4M3FN; Micikevicius et al., FP8 Formats for Deep Learning, 2022).
func float8(b byte) float32 {
	sign := uint32(b&0x80) << 24
	exponent := uint32(b>>3) & 0xf
	fraction := uint32(b & 7)
	switch {
	case exponent == 0: // zero or subnormal: fraction × 2^-9
		f := float32(fraction) * (1.0 / (1 << 9))
		return math.Float32frombits(math.Float32bits(f) | sign)
	case b&0x7f == 0x7f:
		return float32(math.NaN())
	}
	return math.Float32frombits(sign | (exponent+120)<<23 | fraction<<20)
}

// half widens an IEEE 754 binary16.
func half(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent := uint32(h>>10) & 0x1f
	fraction := uint32(h & 0x3ff)
	switch exponent {
	case 0: // zero or subnormal: fraction × 2^-24, exact in float32
		f := float32(fraction) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
