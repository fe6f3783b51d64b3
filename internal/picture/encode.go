package picture

import (
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/disintegration/imaging"
)

// pngLevel is BestSpeed because at 1024² it takes a quarter of the default
// level's time for a sixth more bytes (ADR 10).
const pngLevel = png.BestSpeed

// Encode writes img in format f. quality, 0…100, is for WebP and JPEG; PNG
// ignores it. The same pixels, format and quality always give the same bytes,
// whatever the machine and whatever else runs.
func Encode(w io.Writer, img image.Image, f Format, quality int) error {
	src := nrgba(img)
	if src.Rect.Empty() {
		return fmt.Errorf("encode %s: the picture is empty", f)
	}
	if most := f.MaxSide(); max(src.Rect.Dx(), src.Rect.Dy()) > most {
		return fmt.Errorf("encode %s: the picture is %d×%d pixels; the format allows %d on a side", f, src.Rect.Dx(), src.Rect.Dy(), most)
	}
	quality = min(max(quality, 0), 100)
	var err error
	switch f {
	case PNG:
		err = (&png.Encoder{CompressionLevel: pngLevel}).Encode(w, src)
	case JPEG:
		// For opaque pixels NRGBA and RGBA are the same bytes, and image/jpeg
		// has a fast path only for the second.
		flat := onWhite(src)
		err = jpeg.Encode(w, &image.RGBA{Pix: flat.Pix, Stride: flat.Stride, Rect: flat.Rect}, &jpeg.Options{Quality: max(quality, 1)})
	case WebP:
		err = encodeWebP(w, src, quality)
	default:
		_, err = ParseFormat(string(f))
	}
	if err != nil {
		return fmt.Errorf("encode %s: %w", f, err)
	}
	return nil
}

// nrgba returns img with tightly packed pixels from (0, 0), copying only where it must.
func nrgba(img image.Image) *image.NRGBA {
	if n, ok := img.(*image.NRGBA); ok && n.Rect.Min == (image.Point{}) && n.Stride == 4*n.Rect.Dx() {
		return n
	}
	return imaging.Clone(img)
}

// onWhite lays a picture with transparency on white. Opaque ones come back as they are.
func onWhite(src *image.NRGBA) *image.NRGBA {
	if src.Opaque() {
		return src
	}
	out := image.NewNRGBA(src.Rect)
	for i := 0; i < len(src.Pix); i += 4 {
		a := uint32(src.Pix[i+3])
		for c := range 3 {
			out.Pix[i+c] = uint8((uint32(src.Pix[i+c])*a + 255*(255-a) + 127) / 255)
		}
		out.Pix[i+3] = 255
	}
	return out
}
