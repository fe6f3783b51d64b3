package picture

import (
	"bytes"
	"encoding/binary"
	"image"

	"github.com/disintegration/imaging"
)

// EXIF tags this package reads (EXIF 2.3, §4.6).
const (
	exifOrientation = 0x0112
	exifPointer     = 0x8769
	exifUserComment = 0x9286
)

const exifHeader = "Exif\x00\x00"

// exif returns a file's EXIF block, starting at its TIFF header, or nil.
func exif(kind string, parts []part) []byte {
	switch kind {
	case "png":
		return find(parts, "eXIf")
	case "webp":
		return bytes.TrimPrefix(find(parts, "EXIF"), []byte(exifHeader))
	case "jpeg":
		for _, p := range parts {
			if p.kind == "APP1" && bytes.HasPrefix(p.data, []byte(exifHeader)) {
				return p.data[len(exifHeader):]
			}
		}
	}
	return nil
}

// exifTag returns the bytes of a tag's value and their byte order, looking in
// the first directory and in the EXIF one that it points to.
func exifTag(block []byte, tag uint16) ([]byte, binary.ByteOrder) {
	if len(block) < 8 {
		return nil, nil
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(block[:2]) == "MM" {
		order = binary.BigEndian
	}
	dir := order.Uint32(block[4:])
	if value := exifEntry(block, order, dir, tag); value != nil {
		return value, order
	}
	if at := exifEntry(block, order, dir, exifPointer); len(at) == 4 {
		return exifEntry(block, order, order.Uint32(at), tag), order
	}
	return nil, nil
}

// exifEntry returns the value of a tag in the directory at an offset.
func exifEntry(block []byte, order binary.ByteOrder, dir uint32, tag uint16) []byte {
	if uint64(dir)+2 > uint64(len(block)) {
		return nil
	}
	entries := block[dir+2:]
	for range order.Uint16(block[dir:]) {
		if len(entries) < 12 {
			return nil
		}
		if order.Uint16(entries) == tag {
			sizes := [...]uint64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
			kind := order.Uint16(entries[2:])
			if int(kind) >= len(sizes) {
				return nil
			}
			n := sizes[kind] * uint64(order.Uint32(entries[4:]))
			if n <= 4 {
				return entries[8 : 8+n]
			}
			at := uint64(order.Uint32(entries[8:]))
			if at+n > uint64(len(block)) {
				return nil
			}
			return block[at : at+n]
		}
		entries = entries[12:]
	}
	return nil
}

// orient turns a picture upright by its EXIF orientation.
func orient(img *image.NRGBA, block []byte) *image.NRGBA {
	value, order := exifTag(block, exifOrientation)
	if len(value) != 2 {
		return img
	}
	switch order.Uint16(value) {
	case 2:
		return imaging.FlipH(img)
	case 3:
		return imaging.Rotate180(img)
	case 4:
		return imaging.FlipV(img)
	case 5:
		return imaging.Transpose(img)
	case 6:
		return imaging.Rotate270(img)
	case 7:
		return imaging.Transverse(img)
	case 8:
		return imaging.Rotate90(img)
	}
	return img
}
