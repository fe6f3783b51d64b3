package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// maxHeader is the reference implementation's own limit: a header that claims more is hostile or broken.
const maxHeader = 100_000_000

const metadataKey = "__metadata__"

// readHeader parses and checks the whole header of a file of the given size.
// The tensors come in file order with Offset counted from the start of the
// file; a file that passes has every tensor inside it, with no gap, overlap or
// trailing data. All the problems are reported together.
func readHeader(r io.ReaderAt, size int64) ([]Tensor, map[string]string, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, nil, fmt.Errorf("%d bytes is too short for a safetensors file", size)
	}
	if _, err := r.ReadAt(prefix[:], 0); err != nil {
		return nil, nil, fmt.Errorf("read header length: %w", err)
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > maxHeader {
		return nil, nil, fmt.Errorf("header claims %d bytes, the limit is %d", length, maxHeader)
	}
	if length > uint64(size)-8 {
		return nil, nil, fmt.Errorf("header claims %d bytes, the file has %d after its length (truncated?)", length, size-8)
	}
	raw := make([]byte, length)
	if _, err := r.ReadAt(raw, 8); err != nil {
		return nil, nil, fmt.Errorf("read header: %w", err)
	}
	tensors, metadata, err := parseHeader(raw)
	if err != nil {
		return nil, nil, err
	}
	start := 8 + int64(length)
	if err := layOut(tensors, start, size-start); err != nil {
		return nil, nil, err
	}
	return tensors, metadata, nil
}

// parseHeader walks the top-level object by token: encoding/json's map would
// silently keep the last of two tensors with one name.
func parseHeader(raw []byte) ([]Tensor, map[string]string, error) {
	if !utf8.Valid(raw) {
		return nil, nil, errors.New("header is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, errors.New("header is not a JSON object")
	}
	var (
		tensors  []Tensor
		metadata map[string]string
		seen     = map[string]bool{}
		errs     []error
	)
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("header is not valid JSON: %w", err)
		}
		name := key.(string) // object keys are strings
		if seen[name] {
			errs = append(errs, fmt.Errorf("tensor %q: named twice", name))
		}
		seen[name] = true
		if name == metadataKey {
			if err := d.Decode(&metadata); err != nil {
				return nil, nil, fmt.Errorf("header's %s: %w", metadataKey, err)
			}
			continue
		}
		var entry struct {
			DType   *DType  `json:"dtype"`
			Shape   []int64 `json:"shape"`
			Offsets []int64 `json:"data_offsets"`
		}
		if err := d.Decode(&entry); err != nil {
			return nil, nil, fmt.Errorf("header, tensor %q: %w", name, err)
		}
		if entry.DType == nil || entry.Shape == nil || len(entry.Offsets) != 2 {
			errs = append(errs, fmt.Errorf("tensor %q: needs dtype, shape and two data_offsets", name))
			continue
		}
		tensors = append(tensors, Tensor{
			Name: name, DType: *entry.DType, Shape: entry.Shape,
			Offset: entry.Offsets[0], Length: entry.Offsets[1] - entry.Offsets[0],
		})
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, fmt.Errorf("header is not valid JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, nil, errors.New("header has something after its JSON object")
	}
	return tensors, metadata, join(errs)
}

// layOut checks that the tensors tile the data area [0, area) exactly and moves
// their offsets to the file's.
func layOut(tensors []Tensor, start, area int64) error {
	slices.SortFunc(tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Length, b.Length), cmp.Compare(a.Name, b.Name))
	})
	var errs []error
	end := int64(0)
	for i := range tensors {
		t := &tensors[i]
		want, err := t.DType.bytes(t.Shape)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("tensor %q: %w", t.Name, err))
		case t.Offset < 0 || t.Length < 0 || t.Length > area || t.Offset > area-t.Length:
			errs = append(errs, fmt.Errorf("tensor %q: data at %d of length %d lies outside the file's %d data bytes (truncated?)", t.Name, t.Offset, t.Length, area))
		case t.Length != want:
			errs = append(errs, fmt.Errorf("tensor %q: %d bytes of data, but %s %v needs %d", t.Name, t.Length, t.DType, t.Shape, want))
		case t.Offset < end:
			errs = append(errs, fmt.Errorf("tensor %q: data overlaps the tensor before it", t.Name))
		case t.Offset > end:
			errs = append(errs, fmt.Errorf("tensor %q: %d unused bytes before its data", t.Name, t.Offset-end))
		}
		// One bad range is one problem: go on from where this tensor says it ends.
		if t.Offset >= 0 && t.Length >= 0 && t.Offset <= area && t.Length <= area-t.Offset {
			end = t.Offset + t.Length
		}
		t.Offset += start
	}
	if len(errs) == 0 && end != area {
		errs = append(errs, fmt.Errorf("%d bytes of data after the last tensor", area-end))
	}
	return join(errs)
}

// maxProblems keeps an error readable when every tensor of a large file is wrong.
const maxProblems = 20

func join(errs []error) error {
	if n := len(errs) - maxProblems; n > 0 {
		errs = append(errs[:maxProblems:maxProblems], fmt.Errorf("and %d more problems", n))
	}
	return errors.Join(errs...)
}
