package onnx

import "fmt"

// DType is an element type, with ONNX's own numbers.
type DType int32

// The element types Easel uses.
const (
	Float32  DType = 1
	Uint8    DType = 2
	Int8     DType = 3
	Int32    DType = 6
	Int64    DType = 7
	Bool     DType = 9
	Float16  DType = 10
	BFloat16 DType = 16
	Float8   DType = 17 // E4M3FN: for stored weights, which are cast
)

// Size returns the bytes of one element; 0 for an unknown type.
func (t DType) Size() int {
	switch t {
	case Uint8, Int8, Bool, Float8:
		return 1
	case Float16, BFloat16:
		return 2
	case Float32, Int32:
		return 4
	case Int64:
		return 8
	}
	return 0
}

// IsFloat says whether t holds real numbers to compute with.
func (t DType) IsFloat() bool { return t == Float32 || t == Float16 || t == BFloat16 }

func (t DType) String() string {
	switch t {
	case Float32:
		return "f32"
	case Uint8:
		return "uint8"
	case Int8:
		return "int8"
	case Int32:
		return "int32"
	case Int64:
		return "int64"
	case Bool:
		return "bool"
	case Float16:
		return "f16"
	case BFloat16:
		return "bf16"
	case Float8:
		return "f8e4m3"
	}
	return fmt.Sprintf("dtype(%d)", int32(t))
}
