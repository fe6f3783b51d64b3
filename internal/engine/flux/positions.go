package flux

import "math"

// theta is the base of the rotary frequencies.
const theta = 10000

// Rotations returns the cosines and sines [text+rows·cols, head/2] that turn
// the tokens: text tokens stand at position (0, 0, 0), image tokens at
// (0, row, col). Angles are computed in float64 and rounded once, as diffusers
// does; it stores each value twice, ONNX Runtime's op wants it once.
func (c Config) Rotations(text, rows, cols int) (cos, sin []float32) {
	n := (text + rows*cols) * c.HeadDim / 2
	cos, sin = make([]float32, 0, n), make([]float32, 0, n)
	frequencies := make([][]float64, len(c.AxesDims))
	for axis, dim := range c.AxesDims {
		for i := 0; i < dim; i += 2 {
			frequencies[axis] = append(frequencies[axis], 1/math.Pow(theta, float64(i)/float64(dim)))
		}
	}
	add := func(position [3]int) {
		for axis := range frequencies {
			for _, frequency := range frequencies[axis] {
				s, co := math.Sincos(float64(position[axis]) * frequency)
				cos, sin = append(cos, float32(co)), append(sin, float32(s))
			}
		}
	}
	for range text {
		add([3]int{})
	}
	for row := range rows {
		for col := range cols {
			add([3]int{0, row, col})
		}
	}
	return cos, sin
}

// Sinusoid embeds a time in 0…1, or a guidance, as 128 cosines and 128 sines.
// diffusers works in float32 here, and so must we: at 1000 a float64 phase
// differs in the fifth digit.
func Sinusoid(t float32) []float32 {
	const half = timeChannels / 2
	out := make([]float32, timeChannels)
	scaled := t * 1000
	for i := range half {
		exponent := float32(-math.Log(10000)) * float32(i) / half
		phase := float64(scaled * float32(math.Exp(float64(exponent))))
		out[i], out[half+i] = float32(math.Cos(phase)), float32(math.Sin(phase))
	}
	return out
}
