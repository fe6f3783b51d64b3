// Package safetensors reads and writes checkpoints in the safetensors format,
// whole or sharded.
//
// A file is eight bytes of header length (little endian), a JSON header, and the
// tensors' bytes. Opening one reads the header only and checks all of it, so
// that whoever maps the data by offset (see Tensor) stays inside the file.
package safetensors

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"easel/internal/engine/problems"
)

// Tensor says where a tensor's bytes lie. They are little endian, row-major.
type Tensor struct {
	Name   string
	DType  DType
	Shape  []int64
	File   string // absolute, with symbolic links resolved
	Offset int64  // of the first byte, from the start of File
	Length int64  // in bytes; equals what DType and Shape need
}

// Checkpoint is the tensors of one file, or of all the files of a sharded one.
// It holds no file open and is safe for concurrent reading.
type Checkpoint struct {
	Path     string            // as given to Open: for messages
	Metadata map[string]string // the file's __metadata__; nil for a sharded checkpoint
	tensors  map[string]Tensor
}

// Open reads one .safetensors file, or a sharded checkpoint by its .index.json.
// The error names the file and lists each tensor that is wrong.
func Open(path string) (*Checkpoint, error) {
	if filepath.Ext(path) == ".json" {
		return openIndex(path)
	}
	return openFile(path)
}

// OpenDir reads the checkpoint that folder dir holds under the given stem, as
// diffusers lays it out: stem.safetensors, or else stem.safetensors.index.json.
func OpenDir(dir, stem string) (*Checkpoint, error) {
	single := filepath.Join(dir, stem+".safetensors")
	for _, path := range []string{single, single + ".index.json"} {
		if _, err := os.Lstat(path); err == nil {
			return Open(path)
		}
	}
	return nil, fmt.Errorf("%s: neither this file nor its .index.json exists", single)
}

// Tensor finds a tensor by name.
func (c *Checkpoint) Tensor(name string) (Tensor, bool) {
	t, ok := c.tensors[name]
	return t, ok
}

// Names lists the tensors in alphabetical order.
func (c *Checkpoint) Names() []string { return slices.Sorted(maps.Keys(c.tensors)) }

// Len is the number of tensors.
func (c *Checkpoint) Len() int { return len(c.tensors) }

// Files lists the real paths of the files that hold the tensors, in alphabetical order.
func (c *Checkpoint) Files() []string {
	seen := map[string]bool{}
	for _, t := range c.tensors {
		seen[t.File] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func openFile(path string) (*Checkpoint, error) {
	real, err := realPath(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(real)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	tensors, metadata, err := readHeader(f, info.Size())
	if err != nil {
		return nil, problems.In(path, err)
	}
	c := &Checkpoint{Path: path, Metadata: metadata, tensors: make(map[string]Tensor, len(tensors))}
	for _, t := range tensors {
		t.File = real
		c.tensors[t.Name] = t
	}
	return c, nil
}

// realPath resolves symbolic links and refuses what is not a regular file:
// opening a pipe, for one, would wait for ever.
func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	if real, err = filepath.Abs(real); err != nil {
		return "", err
	}
	info, err := os.Stat(real)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s: not a regular file", path)
	}
	return real, nil
}
