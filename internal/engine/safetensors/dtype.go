package safetensors

import (
	"fmt"
	"math/bits"
)

// DType is a tensor's element type, by the format's own name.
type DType string

// The element types that Easel computes with; others are listed but only their size is known.
const (
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	F64  DType = "F64"
	F8   DType = "F8_E4M3"
	I64  DType = "I64"
	I32  DType = "I32"
	I8   DType = "I8"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

var dtypeBits = map[DType]uint64{
	Bool: 8, U8: 8, I8: 8, "F8_E5M2": 8, F8: 8, "F8_E8M0": 8,
	"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
	"I16": 16, "U16": 16, F16: 16, BF16: 16,
	I32: 32, "U32": 32, F32: 32,
	I64: 64, "U64": 64, F64: 64, "C64": 64,
}

// Known tells whether the format defines d.
func (d DType) Known() bool { return dtypeBits[d] != 0 }

// bytes is the storage that shape needs at this type.
func (d DType) bytes(shape []int64) (int64, error) {
	width := dtypeBits[d]
	if width == 0 {
		return 0, fmt.Errorf("unknown dtype %q", string(d))
	}
	count := uint64(1)
	empty := false
	for _, dim := range shape {
		switch {
		case dim < 0:
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		case dim == 0:
			empty = true
		default:
			hi, lo := bits.Mul64(count, uint64(dim))
			// 2^56 elements keep count × width inside an int64.
			if hi != 0 || lo >= 1<<56 {
				return 0, fmt.Errorf("shape %v is too large", shape)
			}
			count = lo
		}
	}
	if empty {
		return 0, nil
	}
	if count*width%8 != 0 {
		return 0, fmt.Errorf("shape %v of %s does not fill whole bytes", shape, d)
	}
	return int64(count * width / 8), nil
}
