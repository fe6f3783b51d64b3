package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// jpegScan is the part that holds everything from the first start-of-scan
// marker to the end of the file.
const jpegScan = "scan"

// splitJPEG returns the segments before the picture data, then the data.
func splitJPEG(file []byte) ([]part, error) {
	rest := file[2:] // past SOI
	var parts []part
	for len(rest) >= 4 {
		if rest[0] != 0xff {
			return nil, fmt.Errorf("byte %d is not a marker", len(file)-len(rest))
		}
		marker := rest[1]
		if marker == 0xff { // a fill byte
			rest = rest[1:]
			continue
		}
		if marker == 0xda {
			return append(parts, part{jpegScan, rest}), nil
		}
		n := int(binary.BigEndian.Uint16(rest[2:]))
		if n < 2 || n+2 > len(rest) {
			break
		}
		parts = append(parts, part{jpegMarker(marker), rest[4 : 2+n]})
		rest = rest[2+n:]
	}
	return nil, fmt.Errorf("the file is cut short before its pixels")
}

// jpegMarker names the markers this package looks at; others keep their number.
func jpegMarker(m byte) string {
	if m >= 0xe0 && m <= 0xef {
		return fmt.Sprintf("APP%d", m-0xe0)
	}
	if m == 0xfe {
		return "COM"
	}
	return string([]byte{m})
}

// maxScans bounds the passes over a progressive picture. Encoders write about
// ten; each costs the time of the whole picture, for less than 100 bytes of file.
const maxScans = 100

// scans counts the passes over a picture: within the data of one, the two bytes
// of the marker do not occur.
func scans(parts []part) int {
	return bytes.Count(find(parts, jpegScan), []byte{0xff, 0xda})
}

func joinJPEG(parts []part) ([]byte, error) {
	out := []byte{0xff, 0xd8}
	for _, p := range parts {
		if p.kind == jpegScan {
			out = append(out, p.data...)
			continue
		}
		if len(p.data) > 0xffff-2 {
			return nil, fmt.Errorf("%d bytes do not fit in a JPEG segment (65,533 at most)", len(p.data))
		}
		m := p.kind[0]
		if p.kind == "COM" {
			m = 0xfe
		} else if len(p.kind) > 1 {
			var n byte
			fmt.Sscanf(p.kind, "APP%d", &n)
			m = 0xe0 + n
		}
		out = append(out, 0xff, m)
		out = binary.BigEndian.AppendUint16(out, uint16(len(p.data)+2))
		out = append(out, p.data...)
	}
	return out, nil
}
