package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// maxProfile bounds an unpacked ICC profile; printers' largest have about 3 MB.
const maxProfile = 8 << 20

// iccProfile returns a file's embedded ICC profile, or nil.
func iccProfile(kind string, parts []part) []byte {
	switch kind {
	case "webp":
		return find(parts, "ICCP")
	case "png":
		return pngProfile(find(parts, "iCCP"))
	case "jpeg":
		return jpegProfile(parts)
	}
	return nil
}

// pngProfile unpacks an iCCP chunk: a name, a zero, the method (0), a zlib stream.
func pngProfile(chunk []byte) []byte {
	_, packed, ok := bytes.Cut(chunk, []byte{0})
	if !ok || len(packed) == 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(packed[1:]))
	if err != nil {
		return nil
	}
	profile, err := io.ReadAll(io.LimitReader(z, maxProfile))
	if err != nil {
		return nil
	}
	return profile
}

// jpegProfile joins the numbered APP2 segments of a profile (ICC.1, annex B.4).
func jpegProfile(parts []part) []byte {
	const header = "ICC_PROFILE\x00"
	var pieces [][]byte
	for _, p := range parts {
		if p.kind == "APP2" && bytes.HasPrefix(p.data, []byte(header)) && len(p.data) > len(header)+2 {
			pieces = append(pieces, p.data[len(header):])
		}
	}
	slices.SortStableFunc(pieces, func(a, b []byte) int { return int(a[0]) - int(b[0]) })
	var profile []byte
	for _, p := range pieces {
		profile = append(profile, p[2:]...)
	}
	return profile
}

// curve maps a channel's 256 values to light, 0…1.
type curve [256]float64

// profile is what an ICC profile of the matrix or the grey kind says.
type profile struct {
	grey   bool
	curves [3]curve      // red, green, blue; grey uses the first
	matrix [3][3]float64 // rows X, Y, Z of the D50 connection space; columns red, green, blue
}

// parseProfile reads a display profile (ICC.1:2010: header §7.2, tags §7.3,
// curves §10.5 and §10.15, XYZ §10.31). Profiles that need a lookup table, as
// every CMYK one does, are refused by name.
func parseProfile(data []byte) (*profile, error) {
	if len(data) < 132 || string(data[36:40]) != "acsp" {
		return nil, fmt.Errorf("it is damaged")
	}
	tag := func(name string) []byte {
		count := min(int(binary.BigEndian.Uint32(data[128:])), (len(data)-132)/12)
		for i := range count {
			entry := data[132+12*i:]
			at, n := uint64(binary.BigEndian.Uint32(entry[4:])), uint64(binary.BigEndian.Uint32(entry[8:]))
			if string(entry[:4]) == name && at+n <= uint64(len(data)) {
				return data[at : at+n]
			}
		}
		return nil
	}
	var p profile
	var err error
	switch space := string(data[16:20]); space {
	case "GRAY":
		p.grey = true
		p.curves[0], err = parseCurve(tag("kTRC"))
		return &p, err
	case "RGB ":
		for c, name := range []string{"r", "g", "b"} {
			xyz := tag(name + "XYZ")
			if len(xyz) < 20 {
				return nil, fmt.Errorf("it works by a lookup table")
			}
			for row := range 3 {
				p.matrix[row][c] = fixed(xyz[8+4*row:])
			}
			if p.curves[c], err = parseCurve(tag(name + "TRC")); err != nil {
				return nil, err
			}
		}
		return &p, nil
	default:
		return nil, fmt.Errorf("it is for the colour space %q", space)
	}
}

// fixed reads an s15Fixed16Number.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }
