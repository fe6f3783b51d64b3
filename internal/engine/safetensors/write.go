package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// Data is a tensor to be written; Bytes are little endian, row-major.
type Data struct {
	Name  string
	DType DType
	Shape []int64
	Bytes []byte
}

// NewF32 makes a Data of float32 values.
func NewF32(name string, values []float32, shape ...int64) Data {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return Data{Name: name, DType: F32, Shape: shape, Bytes: raw}
}

// Write writes the tensors as one safetensors file. Wider types come first, so
// that each tensor lies aligned to its element, and then by name, so that equal
// content gives equal files.
func Write(w io.Writer, tensors []Data, metadata map[string]string) error {
	tensors = slices.Clone(tensors)
	slices.SortFunc(tensors, func(a, b Data) int {
		return cmp.Or(cmp.Compare(dtypeBits[b.DType], dtypeBits[a.DType]), cmp.Compare(a.Name, b.Name))
	})
	type entry struct {
		DType   DType    `json:"dtype"`
		Shape   []int64  `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	header := make(map[string]any, len(tensors)+1)
	if len(metadata) > 0 {
		header[metadataKey] = metadata
	}
	offset := int64(0)
	for _, t := range tensors {
		want, err := t.DType.bytes(t.Shape)
		if err != nil {
			return fmt.Errorf("write tensor %q: %w", t.Name, err)
		}
		if want != int64(len(t.Bytes)) {
			return fmt.Errorf("write tensor %q: %d bytes of data, but %s %v needs %d", t.Name, len(t.Bytes), t.DType, t.Shape, want)
		}
		if _, twice := header[t.Name]; twice || t.Name == metadataKey {
			return fmt.Errorf("write tensor %q: the name is taken", t.Name)
		}
		shape := t.Shape
		if shape == nil {
			shape = []int64{} // a scalar; nil would be written as null
		}
		header[t.Name] = entry{t.DType, shape, [2]int64{offset, offset + want}}
		offset += want
	}
	raw, err := json.Marshal(header)
	if err != nil {
		return fmt.Errorf("write header: %w", err)
	}
	raw = append(raw, bytes.Repeat([]byte{' '}, (8-len(raw)%8)%8)...) // data starts at a multiple of 8
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(raw)))); err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	for _, t := range tensors {
		if _, err := w.Write(t.Bytes); err != nil {
			return err
		}
	}
	return nil
}

// WriteFile writes the tensors to path; the file appears whole or not at all.
func WriteFile(path string, tensors []Data, metadata map[string]string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := Write(f, tensors, metadata); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
