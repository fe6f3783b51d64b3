package preview

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
)

// Decode maps latents [channels h w] to a picture [3 h·f w·f] in −1…1.
type Decode func(ctx context.Context, latents []float32, h, w int) ([]float32, error)

const (
	fitSide  = 16 // latents on a side of a sample
	fitCount = 6  // samples, each smoother than the one before
	ridge    = 1e-3
)

// Fit makes the map that comes nearest, in the least squares, to a decoder whose
// latents span factor pixels: over random latents from rough to smooth, since
// those of pictures are both.
func Fit(ctx context.Context, channels, factor int, decode Decode) (Map, error) {
	m := Map{Channels: channels, Patch: max(1, factor/4)}
	sums := newNormal(channels+1, 3*m.Patch*m.Patch)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range fitCount {
		latents := make([]float32, channels*fitSide*fitSide)
		for j := range latents {
			latents[j] = float32(random.NormFloat64())
		}
		for c := range channels {
			smooth(latents[c*fitSide*fitSide:(c+1)*fitSide*fitSide], i)
		}
		picture, err := decode(ctx, latents, fitSide, fitSide)
		if err != nil {
			return Map{}, fmt.Errorf("fit the preview: %w", err)
		}
		sums.addAll(m, factor, latents, picture)
	}
	solved, err := sums.solve()
	if err != nil {
		return Map{}, fmt.Errorf("fit the preview: %w", err)
	}
	n := 3 * m.Patch * m.Patch
	m.Weight, m.Mean = solved[:channels*n], solved[channels*n:]
	return m, nil
}

// smooth averages a square plane with its neighbours, times over, and brings its
// deviation back to about one.
func smooth(plane []float32, times int) {
	for range times {
		before := append([]float32(nil), plane...)
		for y := range fitSide {
			for x := range fitSide {
				sum := float32(0)
				for _, d := range [][2]int{{0, 0}, {1, 0}, {fitSide - 1, 0}, {0, 1}, {0, fitSide - 1}} {
					sum += before[(y+d[0])%fitSide*fitSide+(x+d[1])%fitSide]
				}
				plane[y*fitSide+x] = sum / 5 * 1.7
			}
		}
	}
}

// normal is the normal equations of a linear regression: xxᵀ·solution = xyᵀ.
type normal struct {
	in, out int
	xx, xy  []float64
}

func newNormal(in, out int) *normal {
	return &normal{in, out, make([]float64, in*in), make([]float64, in*out)}
}

// addAll adds each latent with a constant 1 beside it, and its patch of the
// picture scaled down to the map's size.
func (s *normal) addAll(m Map, factor int, latents, picture []float32) {
	x, y := make([]float64, s.in), make([]float64, s.out)
	x[s.in-1] = 1
	for row := range fitSide {
		for col := range fitSide {
			for c := range m.Channels {
				x[c] = float64(latents[(c*fitSide+row)*fitSide+col])
			}
			m.patch(y, picture, factor, row, col)
			s.add(x, y)
		}
	}
}

// patch averages the picture under one latent down to the map's patch.
func (m Map) patch(y []float64, picture []float32, factor, row, col int) {
	width, box := fitSide*factor, factor/m.Patch
	for i := range y {
		ch, py, px := i/(m.Patch*m.Patch), i/m.Patch%m.Patch, i%m.Patch
		sum := 0.0
		for dy := range box {
			for dx := range box {
				sum += float64(picture[(ch*width+row*factor+py*box+dy)*width+col*factor+px*box+dx])
			}
		}
		y[i] = sum / float64(box*box)
	}
}

func (s *normal) add(x, y []float64) {
	for i, xi := range x {
		for j, xj := range x {
			s.xx[i*s.in+j] += xi * xj
		}
		for j, yj := range y {
			s.xy[i*s.out+j] += xi * yj
		}
	}
}

// solve eliminates by Gauss; the ridge keeps the matrix regular.
func (s *normal) solve() ([]float32, error) {
	n, m := s.in, s.out
	for i := range n {
		s.xx[i*n+i] *= 1 + ridge
	}
	for i := range n {
		pivot := s.xx[i*n+i]
		if !(pivot > 0) { // also NaN
			return nil, errors.New("the decoder's pictures give no equations")
		}
		for k := range n {
			if k == i {
				continue
			}
			f := s.xx[k*n+i] / pivot
			for j := i; j < n; j++ {
				s.xx[k*n+j] -= f * s.xx[i*n+j]
			}
			for j := range m {
				s.xy[k*m+j] -= f * s.xy[i*m+j]
			}
		}
	}
	out := make([]float32, n*m)
	for i := range out {
		out[i] = float32(s.xy[i] / s.xx[i/m*n+i/m])
	}
	return out, nil
}
