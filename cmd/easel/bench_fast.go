package main

import "context"

type benchFast struct {
	Runs int `help:"Pictures to take the median of, each by both modes." default:"5"`
	drawFlags
}

// fastFigures are medians: seconds, and how alike the modes' pictures are.
type fastFigures struct {
	Normal     float64 `json:"normal"`
	Fast       float64 `json:"fast"`
	NormalStep float64 `json:"normal_step"`
	FastStep   float64 `json:"fast_step"`
	PSNR       float64 `json:"psnr"` // dB
	SSIM       float64 `json:"ssim"`
}

func (c *benchFast) Run(ctx context.Context) error {
	eng, err := c.loaded(ctx)
	if err != nil {
		return err
	}
	defer eng.Close()
	r := c.request()
	for k := range c.Runs - 1 {
		r.Seeds = append(r.Seeds, c.Seed+int64(k)+1)
	}
	b, err := eng.BenchFast(ctx, r, 1)
	if err != nil {
		return err
	}
	steps := float64(c.Steps)
	f := fastFigures{b.Normal.Total.Seconds(), b.Fast.Total.Seconds(), b.Normal.Steps.Seconds() / steps, b.Fast.Steps.Seconds() / steps, b.PSNR, b.SSIM}
	return c.print(f, "  normal  %7.3f s (%.4f s a step)\n  go_fast %7.3f s (%.4f s a step): %.2f times as fast, its steps %.2f\n  PSNR %.1f dB, SSIM %.3f\n",
		f.Normal, f.NormalStep, f.Fast, f.FastStep, f.Normal/f.Fast, f.NormalStep/f.FastStep, f.PSNR, f.SSIM)
}
