package quant

// blocks8 rounds each Block of w to 1…255, which stand for −127…127 steps.
func blocks8(w []float32) (q []byte, scales []float32) {
	q, scales = make([]byte, len(w)), make([]float32, 0, len(w)/Block)
	for i := 0; i < len(w); i += Block {
		block := w[i : i+Block]
		step := top(block) / limit
		inverse := reciprocal(step)
		for j, x := range block {
			q[i+j] = byte(128 + int(nearest(float32(x*inverse))))
		}
		scales = append(scales, step)
	}
	return q, scales
}

// blocks4 rounds each Block of w to 0…15, which stand for −8…7 steps. The step's
// sign makes the largest value −8 steps, so that all 16 are used.
func blocks4(w []float32) (q []byte, scales []float32) {
	q, scales = make([]byte, len(w)/2), make([]float32, 0, len(w)/Block)
	for i := 0; i < len(w); i += Block {
		block := w[i : i+Block]
		step := top(block) / 8
		for _, x := range block {
			if x == 8*step {
				step = -step
				break
			}
		}
		inverse := reciprocal(step)
		for j, x := range block {
			n := byte(8 + min(7, int(nearest(float32(x*inverse)))))
			q[(i+j)/2] |= n << (4 * (j % 2))
		}
		scales = append(scales, step)
	}
	return q, scales
}
