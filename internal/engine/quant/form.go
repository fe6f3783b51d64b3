package quant

import "easel/internal/engine/safetensors"

// Form is how a weight W [out in] is rounded.
type Form string

const (
	// Rows rounds each output's weights over their own range to 8 bits: Name,
	// int8 [in out] (as integer products want it), and ScaleOf(Name), float32
	// [out], with W[o i] ≈ q[i o]·scale[o]. It is the fastest.
	Rows Form = "rows8"
	// Blocks8 rounds Block inputs at a time to 8 bits: Name, uint8
	// [out in/Block Block], and ScaleOf(Name), float32 [out in/Block], with
	// W[o i] ≈ (q − 128)·scale. It is the most exact.
	Blocks8 Form = "blocks8"
	// Blocks4 is the same in 4 bits, two values a byte, the low bits first, and
	// 8 in place of 128. It is the smallest.
	Blocks4 Form = "blocks4"
)

// Block is how many inputs share a scale in Blocks8 and Blocks4; layers whose
// inputs are no multiple of it cannot take these forms.
const Block = 32

// Weight is a weight to be rounded.
type Weight struct {
	Name string
	Form Form
}

// ScaleOf names the scales of a rounded weight.
func ScaleOf(weight string) string { return weight + ".scale" }

// source is a weight and where it lies.
type source struct {
	safetensors.Tensor
	form Form
}

func (s source) out() int64 { return s.Shape[0] }
func (s source) in() int64  { return s.Shape[1] }

// rounded is the type and shape of what the weight becomes, and its scales' shape.
func (s source) rounded() (t safetensors.DType, shape, scales []int64) {
	switch s.form {
	case Blocks8:
		return safetensors.U8, []int64{s.out(), s.in() / Block, Block}, []int64{s.out(), s.in() / Block}
	case Blocks4:
		return safetensors.U8, []int64{s.out(), s.in() / Block, Block / 2}, []int64{s.out(), s.in() / Block}
	}
	return safetensors.I8, []int64{s.in(), s.out()}, []int64{s.out()}
}

// round returns the rounded weight's bytes and its scales.
func (s source) round(w []float32) ([]byte, []float32) {
	switch s.form {
	case Blocks8:
		return blocks8(w)
	case Blocks4:
		return blocks4(w)
	}
	return rows(w, int(s.out()), int(s.in()))
}

// Saves is how many bytes of memory rounding the weights saves against float32.
func Saves(file *safetensors.Checkpoint, weights []Weight) (n int64) {
	for _, w := range weights {
		t, ok := file.Tensor(w.Name)
		if !ok || len(t.Shape) != 2 {
			continue // Prepare refuses it
		}
		_, shape, scales := source{t, w.Form}.rounded()
		n += 4*volume(t.Shape) - volume(shape) - 4*volume(scales)
	}
	return n
}

func volume(shape []int64) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	return n
}
