package picture

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// splitPNG returns the chunks up to IEND. A file cut short gives those that are whole.
func splitPNG(file []byte) ([]part, error) {
	rest := file[len(pngSignature):]
	var parts []part
	for len(rest) >= 12 {
		n := binary.BigEndian.Uint32(rest)
		if uint64(n)+12 > uint64(len(rest)) {
			break
		}
		p := part{string(rest[4:8]), rest[8 : 8+n]}
		parts = append(parts, p)
		rest = rest[12+n:]
		if p.kind == "IEND" {
			break
		}
	}
	if len(parts) == 0 || parts[0].kind != "IHDR" || len(parts[0].data) != 13 {
		return nil, fmt.Errorf("no valid header")
	}
	return parts, nil
}

func joinPNG(parts []part) []byte {
	out := []byte(pngSignature)
	for _, p := range parts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(p.data)))
		from := len(out)
		out = append(append(out, p.kind...), p.data...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[from:]))
	}
	return out
}

// plausiblePNG tells whether the compressed pixels can be as many as the
// header claims: deflate packs no tighter than 1032:1. The decoder allocates
// all claimed pixels at once, so a short file could cost half a gigabyte.
func plausiblePNG(parts []part) bool {
	header := parts[0].data
	w, h := uint64(binary.BigEndian.Uint32(header)), uint64(binary.BigEndian.Uint32(header[4:]))
	depth, channels := uint64(header[8]), [...]uint64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
	raw := h * (w*depth*channels[min(header[9], 6)] + 7) / 8
	var packed uint64
	for _, p := range parts {
		if p.kind == "IDAT" {
			packed += uint64(len(p.data))
		}
	}
	return packed*1032 >= raw
}
