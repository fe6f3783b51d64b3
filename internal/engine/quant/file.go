package quant

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"easel/internal/engine/safetensors"
)

// file is a safetensors file whose header is written first and whose tensors
// follow in any order.
type file struct {
	*os.File
	at map[string]int64 // where each tensor begins
}

// create lays the file out: the scales first, which keeps them aligned.
func create(path string, weights []source) (*file, error) {
	type entry struct {
		DType   safetensors.DType `json:"dtype"`
		Shape   []int64           `json:"shape"`
		Offsets [2]int64          `json:"data_offsets"`
	}
	header, offset := map[string]entry{}, int64(0)
	place := func(name string, t safetensors.DType, size int64, shape []int64) {
		header[name] = entry{t, shape, [2]int64{offset, offset + size}}
		offset += size
	}
	for _, w := range weights {
		_, _, scales := w.rounded()
		place(ScaleOf(w.Name), safetensors.F32, 4*volume(scales), scales)
	}
	for _, w := range weights {
		t, shape, _ := w.rounded()
		place(w.Name, t, volume(shape), shape) // of bytes
	}
	raw, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	raw = append(raw, strings.Repeat(" ", -len(raw)&7)...)
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return nil, err
	}
	made := &file{f, map[string]int64{}}
	for name, e := range header {
		made.at[name] = 8 + int64(len(raw)) + e.Offsets[0]
	}
	if _, err := f.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(raw))), raw...)); err != nil {
		made.abandon()
		return nil, err
	}
	return made, nil
}

// put rounds a weight into its place.
func (f *file) put(w source) error {
	values, err := w.Float32s()
	if err != nil {
		return err
	}
	q, scales := w.round(values)
	raw := make([]byte, 0, 4*len(scales))
	for _, s := range scales {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(s))
	}
	if _, err := f.WriteAt(raw, f.at[ScaleOf(w.Name)]); err != nil {
		return fmt.Errorf("tensor %q: %w", w.Name, err)
	}
	if _, err := f.WriteAt(q, f.at[w.Name]); err != nil {
		return fmt.Errorf("tensor %q: %w", w.Name, err)
	}
	return nil
}

// finish makes the file appear at path.
func (f *file) finish(path string) error {
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

// abandon leaves nothing behind.
func (f *file) abandon() {
	f.Close()
	os.Remove(f.Name())
}
