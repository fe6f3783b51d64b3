package picture

import (
	"encoding/binary"
	"fmt"
	"image"
	"io"

	"github.com/gen2brain/webp"
)

const (
	// webpMethod trades time for size, 0…6. Method 2 takes 40 % of method 4's
	// time for 4 % more bytes (ADR 10).
	webpMethod = 2
	// webpRGBA selects interleaved 8-bit input.
	webpRGBA = 0
)

// encodeWebP writes src as lossy WebP with libwebp 1.6.0 compiled to plain Go.
//
// It drives the compiled module itself: the package's Encode would take the
// machine's own libwebp where there is one, whose bytes differ from version to
// version, and cannot express quality 0.
func encodeWebP(w io.Writer, src *image.NRGBA, quality int) (err error) {
	width, height := src.Rect.Dx(), src.Rect.Dy()
	// The compiled code traps by panicking; none is known for valid input.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("libwebp: %v", r)
		}
	}()
	mod := webp.New()
	mod.X_initialize()
	in, size := mod.Xmalloc(int32(len(src.Pix))), mod.Xmalloc(8)
	if in == 0 || size == 0 {
		return fmt.Errorf("libwebp: no memory for %d×%d pixels", width, height)
	}
	copy((*mod.Xmemory().Slice())[uint32(in):], src.Pix)
	const lossless, exact = 0, 0
	out := mod.Xencode(in, int32(width), int32(height), size, webpRGBA, int32(quality), webpMethod, lossless, exact)
	mem := *mod.Xmemory().Slice() // encoding may have moved it
	n := binary.LittleEndian.Uint32(mem[uint32(size):])
	if out == 0 || n == 0 {
		return fmt.Errorf("libwebp: could not encode %d×%d pixels", width, height)
	}
	_, err = w.Write(mem[uint32(out):][:n])
	return err
}
