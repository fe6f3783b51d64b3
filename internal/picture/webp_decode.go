package picture

import (
	"bytes"
	"fmt"
	"image"

	"golang.org/x/image/webp"
)

// webpCanvas is the size of a WebP's canvas. It also checks that every frame
// header agrees with it, so that nothing larger is decoded later.
func webpCanvas(parts []part) (width, height int, err error) {
	head := parts[0]
	if head.kind != "VP8X" {
		w, h, _, err := webpFrame(head)
		return w, h, err
	}
	if len(head.data) < 10 {
		return 0, 0, fmt.Errorf("no valid header")
	}
	d := head.data
	width = int(d[4]) | int(d[5])<<8 | int(d[6])<<16 + 1
	height = int(d[7]) | int(d[8])<<8 | int(d[9])<<16 + 1
	frame, at, err := webpFirstFrame(parts)
	if err != nil {
		return 0, 0, err
	}
	for _, p := range frame {
		if p.kind == "ALPH" {
			continue
		}
		w, h, _, err := webpFrame(p)
		if err != nil {
			return 0, 0, err
		}
		if !(image.Rectangle{at, at.Add(image.Pt(w, h))}).In(image.Rect(0, 0, width, height)) {
			return 0, 0, fmt.Errorf("a %d×%d frame lies outside the %d×%d canvas", w, h, width, height)
		}
	}
	return width, height, nil
}

// webpFirstFrame returns the image chunks of a still picture, or of an
// animation's first frame with its place on the canvas.
func webpFirstFrame(parts []part) (frame []part, at image.Point, err error) {
	for _, p := range parts {
		if p.kind == "ANMF" {
			d := p.data
			if len(d) < 16 {
				return nil, at, fmt.Errorf("an animation frame is cut short")
			}
			at = image.Pt(2*(int(d[0])|int(d[1])<<8|int(d[2])<<16), 2*(int(d[3])|int(d[4])<<8|int(d[5])<<16))
			parts = riffChunks(d[16:])
			break
		}
	}
	for _, p := range parts {
		switch p.kind {
		case "ALPH":
			frame = []part{p}
		case "VP8L":
			return []part{p}, at, nil // carries its own alpha
		case "VP8 ":
			return append(frame, p), at, nil
		}
	}
	return nil, at, fmt.Errorf("the file is cut short before its pixels")
}

// decodeWebP decodes a still picture or an animation's first frame, by giving
// the decoder a file of nothing but that frame.
func decodeWebP(parts []part) (*image.NRGBA, error) {
	width, height, err := webpCanvas(parts)
	if err != nil {
		return nil, err
	}
	frame, at, err := webpFirstFrame(parts)
	if err != nil {
		return nil, err
	}
	file, err := joinWebP(frame)
	if err != nil {
		return nil, err
	}
	img, err := webp.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	switch m := img.(type) {
	case *image.YCbCr:
		return onCanvas(studioRGB(m, nil, 0), at, width, height), nil
	case *image.NYCbCrA:
		return onCanvas(studioRGB(&m.YCbCr, m.A, m.AStride), at, width, height), nil
	}
	return onCanvas(nrgba(img), at, width, height), nil
}

// studioRGB converts 4:2:0 studio-range YCbCr (luma 16…235, chroma 16…240;
// ITU-R BT.601), which is what WebP holds, to RGB. The decoder's own type would
// be read as full range, with washed-out blacks. The integer factors are
// libwebp's: 14 bits of fraction.
func studioRGB(m *image.YCbCr, alpha []byte, alphaStride int) *image.NRGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		row := out.Pix[y*out.Stride:][:4*w]
		luma := m.Y[y*m.YStride:]
		cb, cr := m.Cb[y/2*m.CStride:], m.Cr[y/2*m.CStride:]
		for x := range w {
			l := 19077 * int32(luma[x]) >> 8
			u, v := int32(cb[x/2]), int32(cr[x/2])
			row[4*x] = clip6(l + 26149*v>>8 - 14234)
			row[4*x+1] = clip6(l - 6419*u>>8 - 13320*v>>8 + 8708)
			row[4*x+2] = clip6(l + 33050*u>>8 - 17685)
			row[4*x+3] = 255
			if alpha != nil {
				row[4*x+3] = alpha[y*alphaStride+x]
			}
		}
	}
	return out
}

// clip6 drops six fraction bits and clamps to a byte.
func clip6(v int32) uint8 { return uint8(min(max(v>>6, 0), 255)) }
