package picture

import (
	"encoding/binary"
	"fmt"
)

// VP8X flags (WebP container specification, "Extended file format").
const (
	webpAnimated = 1 << 1
	webpXMP      = 1 << 2
	webpEXIF     = 1 << 3
	webpAlpha    = 1 << 4
	webpICC      = 1 << 5
)

// splitWebP returns the top-level chunks. A file cut short gives those that are whole.
func splitWebP(file []byte) ([]part, error) {
	if len(file) < 12 || string(file[:4]) != "RIFF" {
		return nil, fmt.Errorf("no valid header")
	}
	parts := riffChunks(file[12:])
	if len(parts) == 0 {
		return nil, fmt.Errorf("the file is cut short before its pixels")
	}
	return parts, nil
}

func riffChunks(rest []byte) []part {
	var parts []part
	for len(rest) >= 8 {
		n := uint64(binary.LittleEndian.Uint32(rest[4:]))
		if n+8 > uint64(len(rest)) {
			break
		}
		parts = append(parts, part{string(rest[:4]), rest[8 : 8+n]})
		rest = rest[min(8+n+n&1, uint64(len(rest))):]
	}
	return parts
}

// joinWebP writes parts as a RIFF file, with the extended header's flags set
// to what is there; parts that need an extended header get one.
func joinWebP(parts []part) ([]byte, error) {
	var flags byte
	var width, height int
	for _, p := range parts {
		switch p.kind {
		case "XMP ":
			flags |= webpXMP
		case "EXIF":
			flags |= webpEXIF
		case "ICCP":
			flags |= webpICC
		case "ALPH":
			flags |= webpAlpha
		case "VP8 ", "VP8L":
			w, h, alpha, err := webpFrame(p)
			if err != nil {
				return nil, err
			}
			width, height = w, h
			if alpha {
				flags |= webpAlpha
			}
		}
	}
	if old := find(parts, "VP8X"); len(old) >= 10 {
		header := append([]byte(nil), old...)
		const ours = webpXMP | webpEXIF | webpICC
		header[0] = header[0]&^ours | flags&ours
		parts = append([]part{{"VP8X", header}}, parts[1:]...)
	} else if flags&^webpAlpha != 0 || flags != 0 && find(parts, "ALPH") != nil {
		parts = append([]part{{"VP8X", vp8x(flags, width, height)}}, parts...)
	}
	out := []byte("RIFF\x00\x00\x00\x00WEBP")
	for _, p := range parts {
		out = append(out, p.kind...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(p.data)))
		out = append(out, p.data...)
		if len(p.data)%2 == 1 {
			out = append(out, 0)
		}
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out, nil
}

// vp8x is the payload of an extended header for a canvas of that size.
func vp8x(flags byte, width, height int) []byte {
	w, h := width-1, height-1
	return []byte{flags, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)}
}

// webpFrame reads the size in a VP8 or VP8L chunk's own header.
func webpFrame(p part) (width, height int, alpha bool, err error) {
	d := p.data
	switch {
	case p.kind == "VP8 " && len(d) >= 10 && string(d[3:6]) == "\x9d\x01\x2a":
		return int(binary.LittleEndian.Uint16(d[6:]) & 0x3fff), int(binary.LittleEndian.Uint16(d[8:]) & 0x3fff), false, nil
	case p.kind == "VP8L" && len(d) >= 5 && d[0] == 0x2f:
		bits := binary.LittleEndian.Uint32(d[1:])
		return int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1, bits>>28&1 == 1, nil
	}
	return 0, 0, false, fmt.Errorf("no valid frame header")
}
