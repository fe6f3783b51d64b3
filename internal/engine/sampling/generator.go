// Package sampling holds what a diffusion run needs besides its networks: torch's
// random numbers, the flow-match Euler schedule, and the arithmetic of a step.
//
// Results are to be those of diffusers on a CPU, bit for bit, so every float32
// operation is rounded by an explicit conversion: without it the compiler may
// fuse a multiplication and an addition on arm64.
package sampling

import "math"

const (
	mtSize   = 624
	mtOffset = 397
)

// Generator is torch's CPU generator: mt19937 and torch's own transformations.
// Its state goes on from draw to draw, as the order of draws decides the values.
type Generator struct {
	state [mtSize]uint32
	next  int
	// The scalar path makes values in pairs; the second waits here, also across draws.
	spare    float64
	hasSpare bool
}

// NewGenerator starts a generator as torch.Generator("cpu").manual_seed(seed):
// only the seed's low 32 bits count.
func NewGenerator(seed int64) *Generator {
	g := &Generator{next: mtSize}
	g.state[0] = uint32(seed)
	for i := 1; i < mtSize; i++ {
		prev := g.state[i-1]
		g.state[i] = 1812433253*(prev^prev>>30) + uint32(i)
	}
	return g
}

// Normal draws n standard normal values, equal to torch.randn(n, generator=g) in
// torch's AVX2 build.
func (g *Generator) Normal(n int) []float32 {
	out := make([]float32, n)
	if n < blockSize {
		for i := range out {
			out[i] = float32(g.normal())
		}
		return out
	}
	g.uniform(out)
	for i := 0; i+blockSize <= n; i += blockSize {
		boxMuller(out[i : i+blockSize])
	}
	if n%blockSize != 0 {
		// torch draws the last 16 again instead of padding.
		tail := out[n-blockSize:]
		g.uniform(tail)
		boxMuller(tail)
	}
	return out
}

// uniform fills out with values in [0, 1) of 24 random bits.
func (g *Generator) uniform(out []float32) {
	for i := range out {
		out[i] = float32(g.uint32()&(1<<24-1)) * 0x1p-24
	}
}

// normal is the scalar path, in double precision.
func (g *Generator) normal() float64 {
	if g.hasSpare {
		g.hasSpare = false
		return g.spare
	}
	u1, u2 := g.uniform64(), g.uniform64()
	r := math.Sqrt(-2 * math.Log1p(-u2))
	theta := 2 * math.Pi * u1
	g.spare, g.hasSpare = r*math.Sin(theta), true
	return r * math.Cos(theta)
}

func (g *Generator) uniform64() float64 {
	high, low := g.uint32(), g.uint32()
	bits := uint64(high)<<32 | uint64(low)
	return float64(bits&(1<<53-1)) * 0x1p-53
}

// uint32 is mt19937's next number (Matsumoto and Nishimura, 1998).
func (g *Generator) uint32() uint32 {
	if g.next == mtSize {
		g.twist()
	}
	y := g.state[g.next]
	g.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

func (g *Generator) twist() {
	for i := range g.state {
		y := g.state[i]&0x80000000 | g.state[(i+1)%mtSize]&0x7fffffff
		g.state[i] = g.state[(i+mtOffset)%mtSize] ^ y>>1 ^ -(y&1)&0x9908b0df
	}
	g.next = 0
}
