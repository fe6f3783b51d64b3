package preview

import (
	"context"
	"image"

	"easel/internal/engine/onnx"
	"easel/internal/engine/ort"
)

// Painter applies a Map to packed latents.
type Painter struct {
	m       Map
	session *ort.Session
}

// NewPainter makes a painter. The map runs on the CPU, whatever the networks run on.
func NewPainter(m Map, threads int) (*Painter, error) {
	model, err := m.graph()
	if err != nil {
		return nil, err
	}
	session, err := ort.Open(model, ort.Options{Threads: threads})
	if err != nil {
		return nil, err
	}
	return &Painter{m, session}, nil
}

// graph takes tokens as they are packed, [rows cols channels 2 2], to the bytes
// of an RGBA picture, [rows 2 patch cols 2 4·patch].
func (m Map) graph() (onnx.Model, error) {
	g, c, p := onnx.New("preview"), m.Channels, m.Patch
	x := g.Input("tokens", onnx.Float32, onnx.Sym("rows"), onnx.Sym("cols"), onnx.D(c), onnx.D(2), onnx.D(2))
	x = g.Transpose(x, 0, 3, 1, 4, 2) // [rows 2 cols 2 channels]
	weight, bias := m.bytes()
	x = g.MatMul(x, g.Floats(weight, int64(c), int64(4*p*p)))
	x = g.Clip(g.Add(x, g.Floats(bias, int64(4*p*p))), 0, 255.5)
	x = g.Reshape(g.Cast(x, onnx.Uint8), onnx.Keep, 2, onnx.Keep, 2, p, 4*p)
	g.Output("picture", g.Transpose(x, 0, 1, 4, 2, 3, 5))
	return g.Build()
}

// bytes scales the map to 0…255, with the half that makes a cast round, and
// reorders its planes to pixels of red, green, blue and full alpha.
func (m Map) bytes() (weight, bias []float32) {
	area := m.Patch * m.Patch
	pixels := func(planes []float32, scale, shift, alpha float32) []float32 {
		out := make([]float32, 4*area)
		for i := range area {
			for ch := range 3 {
				out[4*i+ch] = planes[ch*area+i]*scale + shift
			}
			out[4*i+3] = alpha
		}
		return out
	}
	for c := range m.Channels {
		weight = append(weight, pixels(m.Weight[c*3*area:(c+1)*3*area], 127.5, 0, 0)...)
	}
	return weight, pixels(m.Mean, 127.5, 128, 255)
}

// Paint returns the picture of rows·cols packed tokens, 2·Patch pixels a token on each side.
func (p *Painter) Paint(ctx context.Context, tokens []float32, rows, cols int) (*image.RGBA, error) {
	side := 2 * p.m.Patch
	img := image.NewRGBA(image.Rect(0, 0, cols*side, rows*side))
	r, c, n := int64(rows), int64(cols), int64(p.m.Patch)
	in, err := ort.New(tokens, r, c, int64(p.m.Channels), 2, 2)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out, err := ort.New(img.Pix, r, 2, n, c, 2, 4*n)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	return img, p.session.Run(ctx, ort.Values{"tokens": in}, ort.Values{"picture": out})
}

// Close frees the painter. Closing nil does nothing.
func (p *Painter) Close() {
	if p != nil {
		p.session.Close()
	}
}
