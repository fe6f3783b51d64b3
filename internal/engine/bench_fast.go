package engine

import (
	"context"
	"image"
	"math"
	"slices"
)

// FastBenchmark compares the fast mode with the normal one, a median each.
type FastBenchmark struct {
	Normal, Fast Timings // of whole requests
	PSNR         float64 // of the fast pictures against the normal ones, in dB
	SSIM         float64 // the same; 1: equal
}

// BenchFast draws each of the request's pictures, runs times, in normal and
// fast mode in turn. Loading is over before, and not counted.
func (e *Engine) BenchFast(ctx context.Context, r Request, runs int) (FastBenchmark, error) {
	var timings [2][]Timings
	var psnrs, ssims []float64
	seeds := r.Seeds
	for k := -1; k < runs*len(seeds); k++ { // the first draws warm
		r.Seeds = seeds[max(0, k)%len(seeds):][:1]
		var pictures [2]*image.NRGBA
		for mode, fast := range []bool{false, true} {
			r.Fast = fast
			result, err := e.Generate(ctx, r, keeper{at: &pictures[mode]})
			if err != nil {
				return FastBenchmark{}, err
			}
			if k >= 0 {
				timings[mode] = append(timings[mode], result.Timings)
			}
		}
		if k >= 0 {
			psnrs, ssims = append(psnrs, psnr(pictures[0], pictures[1])), append(ssims, ssim(pictures[0], pictures[1]))
		}
	}
	slices.Sort(psnrs)
	slices.Sort(ssims)
	return FastBenchmark{middle(timings[0]), middle(timings[1]), psnrs[len(psnrs)/2], ssims[len(ssims)/2]}, nil
}

// keeper keeps the last picture.
type keeper struct {
	Quiet
	at **image.NRGBA
}

func (k keeper) Picture(_ int, img *image.NRGBA) error {
	*k.at = img
	return nil
}

// psnr is the peak signal-to-noise ratio of two pictures of one size, in dB;
// infinite where they are equal.
func psnr(a, b *image.NRGBA) float64 {
	sum, n := 0.0, 0
	for i := range a.Pix {
		if i%4 != 3 { // alpha is no colour
			d := float64(a.Pix[i]) - float64(b.Pix[i])
			sum, n = sum+d*d, n+1
		}
	}
	return 10 * math.Log10(255*255*float64(n)/sum)
}

// ssim is the mean structural similarity of two pictures' luma, over windows of
// 8×8 pixels that lie 4 apart: Wang et al. 2004 with its C1 and C2.
func ssim(a, b *image.NRGBA) float64 {
	const window, apart = 8, 4
	const c1, c2 = (0.01 * 255) * (0.01 * 255), (0.03 * 255) * (0.03 * 255)
	sum, count := 0.0, 0
	for y := 0; y+window <= a.Rect.Dy(); y += apart {
		for x := 0; x+window <= a.Rect.Dx(); x += apart {
			var ma, mb, aa, bb, ab float64
			for j := y; j < y+window; j++ {
				for i := x; i < x+window; i++ {
					p, q := luma(a, i, j), luma(b, i, j)
					ma, mb, aa, bb, ab = ma+p, mb+q, aa+p*p, bb+q*q, ab+p*q
				}
			}
			const n = window * window
			ma, mb = ma/n, mb/n
			aa, bb, ab = aa/n-ma*ma, bb/n-mb*mb, ab/n-ma*mb
			sum += (2*ma*mb + c1) * (2*ab + c2) / ((ma*ma + mb*mb + c1) * (aa + bb + c2))
			count++
		}
	}
	return sum / float64(count)
}

func luma(m *image.NRGBA, x, y int) float64 {
	p := m.Pix[y*m.Stride+4*x:]
	return 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2])
}
