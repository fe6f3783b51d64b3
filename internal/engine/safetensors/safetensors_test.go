package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// raw lays out a file from a header and its data, without any check.
func raw(header string, data int) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), make([]byte, data)...)
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	values := []float32{1, -2.5, float32(math.Inf(1)), 0, 5, 6}
	err := WriteFile(path, []Data{
		{Name: "bytes", DType: U8, Shape: []int64{3}, Bytes: []byte{1, 2, 3}},
		NewF32("m", values, 2, 3),
		NewF32("none", nil, 0, 4),
		NewF32("scalar", []float32{7}),
		{Name: "half", DType: F16, Shape: []int64{4}, Bytes: []byte{0x00, 0x3c, 0x01, 0x00, 0x00, 0xfc, 0x00, 0x80}},
		{Name: "brain", DType: BF16, Shape: []int64{1}, Bytes: []byte{0xc0, 0x3f}},
		{Name: "small", DType: F8, Shape: []int64{7}, Bytes: []byte{0x38, 0xb9, 0x7e, 0x01, 0x00, 0x80, 0x08}},
	}, map[string]string{"trigger_word": "TOK"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if c.Metadata["trigger_word"] != "TOK" {
		t.Errorf("metadata = %v", c.Metadata)
	}
	want := map[string][]float32{
		"m": values, "none": {}, "scalar": {7}, "brain": {1.5},
		"small": {1, -1.125, 448, 1.0 / (1 << 9), 0, float32(math.Copysign(0, -1)), 1.0 / (1 << 6)},
		"half":  {1, 1.0 / (1 << 24), float32(math.Inf(-1)), float32(math.Copysign(0, -1))},
	}
	for name, w := range want {
		tensor, ok := c.Tensor(name)
		if !ok {
			t.Fatalf("no tensor %q", name)
		}
		got, err := tensor.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	b, _ := c.Tensor("bytes")
	if _, err := b.Float32s(); err == nil || !strings.Contains(err.Error(), "U8") {
		t.Errorf("Float32s of U8: %v", err)
	}
	if got := c.Names(); len(got) != 7 || got[0] != "brain" {
		t.Errorf("Names = %v", got)
	}
}

func TestBadFiles(t *testing.T) {
	huge := binary.LittleEndian.AppendUint64(nil, 1<<60)
	tests := []struct {
		desc string
		file []byte
		want []string
	}{
		{"empty", nil, []string{"too short"}},
		{"claims 2^60", append(huge, "{}"...), []string{"header claims 1152921504606846976 bytes"}},
		{"header cut", raw(`{}`, 0)[:9], []string{"truncated"}},
		{"not JSON", raw(`hello`, 0), []string{"not a JSON object"}},
		{"array", raw(`[]`, 0), []string{"not a JSON object"}},
		{"open object", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}`, 1), []string{"not valid JSON"}},
		{"two objects", raw(`{}{}`, 0), []string{"after its JSON object"}},
		{"not UTF-8", raw("{\"\xff\":1}", 0), []string{"not UTF-8"}},
		{"not a tensor", raw(`{"a":3}`, 0), []string{`tensor "a"`}},
		{"no dtype", raw(`{"a":{"shape":[1],"data_offsets":[0,1]}}`, 1), []string{`tensor "a": needs dtype`}},
		{"dtype", raw(`{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,1]}}`, 1), []string{`tensor "a": unknown dtype "F33"`}},
		{"negative", raw(`{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, 1), []string{"negative dimension"}},
		{"fraction", raw(`{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}`, 1), []string{`tensor "a"`}},
		{"overflow", raw(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0), []string{"too large"}},
		{"wrong size", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), []string{"4 bytes of data, but F32 [2] needs 8"}},
		{"outside", raw(`{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}`, 4), []string{"outside the file's 4 data bytes"}},
		{"backwards", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}`, 1), []string{"outside"}},
		{"far", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[9223372036854775806,9223372036854775807]}}`, 1), []string{"outside"}},
		{"overlap", raw(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), []string{`tensor "b": data overlaps`}},
		{"gap", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), []string{"1 unused bytes before"}},
		{"trailing", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 2), []string{"1 bytes of data after the last tensor"}},
		{"twice", raw(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), []string{`tensor "a": named twice`}},
		{"all at once", raw(`{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,1]},"b":{"dtype":"X","shape":[1],"data_offsets":[1,2]}}`, 2), []string{`tensor "a"`, `tensor "b"`}},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad.safetensors")
			if err := os.WriteFile(path, tt.file, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Open(path)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(tt.want, "bad.safetensors") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
		})
	}
}

func TestSharded(t *testing.T) {
	// A hub cache: the snapshot's files are links to blobs without an extension.
	root := t.TempDir()
	for _, dir := range []string{"blobs", "snapshot"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put := func(name, blob string, tensors ...Data) {
		t.Helper()
		if err := WriteFile(filepath.Join(root, "blobs", blob), tensors, nil); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..", "blobs", blob), filepath.Join(root, "snapshot", name)); err != nil {
			t.Fatal(err)
		}
	}
	put("m-1.safetensors", "aaaa", NewF32("x", []float32{1}, 1))
	put("m-2.safetensors", "bbbb", NewF32("y", []float32{2}, 1))
	index := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, "snapshot", "m.safetensors.index.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	index(`{"metadata":{"total_size":8},"weight_map":{"x":"m-1.safetensors","y":"m-2.safetensors"}}`)
	c, err := OpenDir(filepath.Join(root, "snapshot"), "m")
	if err != nil {
		t.Fatal(err)
	}
	files := c.Files()
	if len(files) != 2 || filepath.Base(files[0]) != "aaaa" || filepath.Base(files[1]) != "bbbb" {
		t.Errorf("Files = %v, want the links resolved", files)
	}
	y, _ := c.Tensor("y")
	if got, err := y.Float32s(); err != nil || got[0] != 2 {
		t.Errorf("y = %v, %v", got, err)
	}

	for text, want := range map[string]string{
		`{}`:                            "weight_map is missing",
		`{"weight_map":{"x":"../e"}}`:   "not a plain file name",
		`{"weight_map":{"x":".."}}`:     "not a plain file name",
		`{"weight_map":{"x":"gone.s"}}`: "gone.s",
		`{"weight_map":{"z":"m-1.safetensors","x":"gone"}}`: `tensor "z" is missing`,
		`{"weight_map":3}`: "weight_map",
	} {
		index(text)
		if _, err := OpenDir(filepath.Join(root, "snapshot"), "m"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v lacks %q", text, err, want)
		}
	}
	if _, err := OpenDir(root, "m"); err == nil || !strings.Contains(err.Error(), "m.safetensors") {
		t.Errorf("nothing there: %v", err)
	}
	if _, err := Open(root); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
}

func TestShrunkFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	if err := WriteFile(path, []Data{NewF32("x", make([]float32, 100), 100)}, nil); err != nil {
		t.Fatal(err)
	}
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 200); err != nil {
		t.Fatal(err)
	}
	x, _ := c.Tensor("x")
	if _, err := x.Bytes(); err == nil || !strings.Contains(err.Error(), `tensor "x"`) {
		t.Errorf("Bytes of a shrunk file: %v", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, tensors := range [][]Data{
		{NewF32("a", []float32{1}, 2)},
		{NewF32("a", nil, 0), NewF32("a", nil, 0)},
		{NewF32(metadataKey, nil, 0)},
		{{Name: "a", DType: "F33", Shape: []int64{1}, Bytes: []byte{1}}},
	} {
		if err := Write(new(bytes.Buffer), tensors, nil); err == nil {
			t.Errorf("Write(%v): no error", tensors)
		}
	}
}

// FuzzHeader: whatever passes lies inside the file and tiles it.
func FuzzHeader(f *testing.F) {
	f.Add(raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8))
	f.Add(raw(`{"__metadata__":{"k":"v"},"a":{"dtype":"F4","shape":[2,1],"data_offsets":[0,1]},"b":{"dtype":"BF16","shape":[],"data_offsets":[1,3]}}`, 3))
	f.Fuzz(func(t *testing.T, file []byte) {
		tensors, _, err := readHeader(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		end := int64(0)
		for i, tensor := range tensors {
			if i == 0 {
				end = tensor.Offset
			}
			if tensor.Offset != end || tensor.Length < 0 || end+tensor.Length > int64(len(file)) {
				t.Fatalf("tensor %+v does not follow %d inside %d bytes", tensor, end, len(file))
			}
			end += tensor.Length
		}
		if len(tensors) > 0 && end != int64(len(file)) {
			t.Fatalf("data ends at %d of %d", end, len(file))
		}
	})
}
