package ort

import (
	"fmt"
	"math/bits"
	"slices"
	"sync/atomic"

	binding "github.com/yalue/onnxruntime_go"

	"easel/internal/engine/onnx"
)

// Element is what a Tensor made of a Go slice may hold.
type Element interface {
	float32 | int64 | int32 | int8 | uint8 | bool
}

// Tensor is a value that sessions read or write. It aliases the slice that it
// was made of: filling the slice again and running again costs no new Tensor.
type Tensor struct {
	value binding.Value
	shape []int64
	dtype onnx.DType
	data  any // the slice, kept reachable while ONNX Runtime points into it
}

var live atomic.Int64

// Live counts the tensors and sessions that were made and not closed: tests watch it.
func Live() int64 { return live.Load() }

// New makes a tensor over data, whose length must be the shape's volume. A
// dimension may be 0 (a LoRA of rank 0 is no LoRA); the shape may not be empty.
func New[T Element](data []T, shape ...int64) (*Tensor, error) {
	if err := fits(len(data), 1, shape); err != nil {
		return nil, fmt.Errorf("tensor %v: %w", shape, err)
	}
	var dtype onnx.DType
	switch any(data).(type) {
	case []float32:
		dtype = onnx.Float32
	case []int64:
		dtype = onnx.Int64
	case []int32:
		dtype = onnx.Int32
	case []int8:
		dtype = onnx.Int8
	case []uint8:
		dtype = onnx.Uint8
	case []bool:
		dtype = onnx.Bool
	}
	value, err := binding.NewTensor(binding.Shape(slices.Clone(shape)), data)
	if err != nil {
		return nil, fmt.Errorf("tensor %v: %w", shape, err)
	}
	live.Add(1)
	return &Tensor{value: value, shape: slices.Clone(shape), dtype: dtype, data: data}, nil
}

// Zeros makes a tensor of float32 zeros, for an output or a buffer.
func Zeros(shape ...int64) (*Tensor, error) {
	n, ok := volume(shape)
	if !ok {
		return nil, fmt.Errorf("tensor %v: not a usable shape", shape)
	}
	return New(make([]float32, n), shape...)
}

// NewBytes makes a tensor of any element type over its little-endian bytes: for
// the 16-bit floats, which Go has no type for.
func NewBytes(dtype onnx.DType, data []byte, shape ...int64) (*Tensor, error) {
	if dtype.Size() == 0 {
		return nil, fmt.Errorf("tensor %v: unknown element type %v", shape, dtype)
	}
	if err := fits(len(data), dtype.Size(), shape); err != nil {
		return nil, fmt.Errorf("tensor %s %v: %w", dtype, shape, err)
	}
	buffer := data
	if len(buffer) == 0 {
		buffer = make([]byte, 1) // the binding wants an address, also for no elements
	}
	value, err := binding.NewCustomDataTensor(binding.Shape(slices.Clone(shape)), buffer, binding.TensorElementDataType(dtype))
	if err != nil {
		return nil, fmt.Errorf("tensor %s %v: %w", dtype, shape, err)
	}
	live.Add(1)
	return &Tensor{value: value, shape: slices.Clone(shape), dtype: dtype, data: data}, nil
}

// Shape is the tensor's dimensions; not to be changed.
func (t *Tensor) Shape() []int64 { return t.shape }

// DType is the tensor's element type.
func (t *Tensor) DType() onnx.DType { return t.dtype }

// Float32s is the slice of a float32 tensor; nil for any other.
func (t *Tensor) Float32s() []float32 {
	data, _ := t.data.([]float32)
	return data
}

// Bytes is the slice of a tensor made by NewBytes (or of uint8); nil for any other.
func (t *Tensor) Bytes() []byte {
	data, _ := t.data.([]byte)
	return data
}

// Close frees the tensor, not its slice. Closing a nil or closed tensor does nothing.
func (t *Tensor) Close() {
	if t == nil || t.value == nil {
		return
	}
	t.value.Destroy()
	t.value = nil
	live.Add(-1)
}

func (t *Tensor) String() string { return fmt.Sprintf("%s %v", t.dtype, t.shape) }

func fits(length, size int, shape []int64) error {
	n, ok := volume(shape)
	if !ok {
		return fmt.Errorf("not a usable shape")
	}
	if want := n * uint64(size); want != uint64(length) {
		return fmt.Errorf("needs %d, got %d", want, length)
	}
	return nil
}

// volume is the number of elements; ok is false for no dimensions, a negative
// one, or more elements than memory can have.
func volume(shape []int64) (n uint64, ok bool) {
	if len(shape) == 0 {
		return 0, false
	}
	n = 1
	for _, d := range shape {
		if d < 0 {
			return 0, false
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > 1<<48 {
			return 0, false
		}
		n = lo
	}
	return n, true
}
