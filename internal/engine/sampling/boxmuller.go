package sampling

import "math"

// blockSize is how many values torch transforms at once: eight radii, eight angles.
const blockSize = 16

// boxMuller turns 16 uniform values into normal ones in place: the first eight give
// the radii, the others the angles; cosines land in front, sines behind.
func boxMuller(v []float32) {
	const half = blockSize / 2
	for i := range half {
		radius := float32(math.Sqrt(float64(-2 * logf(1-v[i]))))
		sin, cos := sincosf(float32(float32(2*math.Pi) * v[i+half]))
		v[i], v[i+half] = float32(radius*cos), float32(radius*sin)
	}
}

// logf is the float32 logarithm of Cephes as torch's AVX2 build computes it, fused
// where its compiler fuses. x is in (0, 1].
func logf(x float32) float32 {
	bits := math.Float32bits(x)
	e := float32(int32(bits>>23)-127) + 1
	x = math.Float32frombits(bits&^0x7f800000 | 0x3f000000) // in [0.5, 1)
	if x < 0.707106781186547524 {
		e--
		x = float32(x-1) + x
	} else {
		x--
	}
	y := float32(7.0376836292e-2)
	for _, c := range [...]float32{
		-1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
	} {
		y = fma(y, x, c)
	}
	z := float32(x * x)
	y = fma(float32(y*x), z, float32(e*-2.12194440e-4))
	y = fma(-z, 0.5, y)
	return fma(e, 0.693359375, float32(x+y))
}

// sincosf is the float32 sine and cosine of Cephes, as logf. x is in [0, 2π).
func sincosf(x float32) (sin, cos float32) {
	octant := (int32(float32(x*1.27323954473516)) + 1) &^ 1
	y := float32(octant)
	x = fma(y, -0.78515625, x)
	x = fma(y, -2.4187564849853515625e-4, x)
	x = fma(y, -3.77489497744594108e-8, x)
	z := float32(x * x)

	c := fma(2.443315711809948e-005, z, -1.388731625493765e-003)
	c = fma(c, z, 4.166664568298827e-002)
	c = fma(float32(c*z), z, -float32(z*0.5))
	c++

	s := fma(-1.9515295891e-4, z, 8.3321608736e-3)
	s = fma(s, z, -1.6666654611e-1)
	s = float32(s * z)
	s = fma(s, x, x)

	if octant&2 != 0 {
		s, c = c, s
	}
	if octant&4 != 0 {
		s = -s
	}
	if (octant-2)&4 == 0 {
		c = -c
	}
	return s, c
}

// fma returns a·b + c rounded once. The product is exact in float64; rounding the
// sum to odd there keeps the second rounding, to float32, right.
func fma(a, b, c float32) float32 {
	p, q := float64(float64(a)*float64(b)), float64(c)
	sum := p + q
	t := sum - p
	rest := (p - (sum - t)) + (q - t) // what sum lost (Knuth's two-sum)
	if rest != 0 {
		if bits := math.Float64bits(sum); bits&1 == 0 {
			if (rest > 0) == (sum > 0) {
				bits++
			} else {
				bits--
			}
			sum = math.Float64frombits(bits)
		}
	}
	return float32(sum)
}
