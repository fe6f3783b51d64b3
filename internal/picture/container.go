package picture

import "fmt"

// part is one piece of a picture file: a PNG chunk, a JPEG segment or a WebP
// chunk. kind is the chunk's type, or "APP1" and the like for JPEG.
type part struct {
	kind string
	data []byte
}

// split cuts a file into its parts and join puts parts back together. Both
// leave the compressed pixels untouched. data shares memory with file.
func split(file []byte) (kind string, parts []part, err error) {
	kind, err = sniff(file)
	if err != nil {
		return "", nil, err
	}
	switch kind {
	case "png":
		parts, err = splitPNG(file)
	case "jpeg":
		parts, err = splitJPEG(file)
	case "webp":
		parts, err = splitWebP(file)
	}
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", kind, err)
	}
	return kind, parts, nil
}

func join(kind string, parts []part) ([]byte, error) {
	switch kind {
	case "png":
		return joinPNG(parts), nil
	case "jpeg":
		return joinJPEG(parts)
	case "webp":
		return joinWebP(parts)
	}
	return nil, fmt.Errorf("%s files are not written", kind)
}

// find returns the data of the first part of a kind, nil if there is none.
func find(parts []part, kind string) []byte {
	for _, p := range parts {
		if p.kind == kind {
			return p.data
		}
	}
	return nil
}
