package loras

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// fileID changes whenever a file does.
type fileID struct {
	path string
	size int64
	time time.Time
}

// local finds a name in the operator's folder. It does not leave the folder,
// not even through a symbolic link: os.Root sees to that.
func (s *Store) local(name string) (File, error) {
	if s.options.Folder == "" {
		return File{}, fmt.Errorf("there is no LoRA folder to look %q up in; an address is %s", name, forms)
	}
	root, err := os.OpenRoot(s.options.Folder)
	if err != nil {
		return File{}, fmt.Errorf("the LoRA folder cannot be read")
	}
	defer root.Close()
	f, err := root.Open(name + ".safetensors")
	if err != nil {
		return File{}, fmt.Errorf("the LoRA folder has no %s.safetensors%s", name, s.others())
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return File{}, fmt.Errorf("%s.safetensors in the LoRA folder is not a file", name)
	}
	file, err := s.hashed(f, filepath.Join(s.options.Folder, name+".safetensors"), info)
	if err != nil {
		return File{}, fmt.Errorf("%s.safetensors in the LoRA folder cannot be read", name)
	}
	return file, nil
}

// At is a file of the operator's own, wherever it lies.
func (s *Store) At(path string) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return File{}, err
	}
	return s.hashed(f, path, info)
}

func (s *Store) hashed(f io.Reader, path string, info fs.FileInfo) (File, error) {
	sum, err := s.sum(fileID{path, info.Size(), info.ModTime()}, f)
	return File{Path: path, SHA256: sum}, err
}

// sum hashes a file once for as long as it stays the same.
func (s *Store) sum(id fileID, f io.Reader) (string, error) {
	s.mu.Lock()
	sum, ok := s.sums[id]
	s.mu.Unlock()
	if ok {
		return sum, nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	sum = hex.EncodeToString(h.Sum(nil))
	s.mu.Lock()
	s.sums[id] = sum
	s.mu.Unlock()
	return sum, nil
}

// Names lists the operator's own LoRA files, without their ending.
func (s *Store) Names() []string {
	paths, err := filepath.Glob(filepath.Join(s.options.Folder, "*.safetensors"))
	if err != nil || s.options.Folder == "" {
		return nil
	}
	var names []string
	for _, p := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(p), ".safetensors"))
	}
	return names
}

func (s *Store) others() string {
	names := s.Names()
	if len(names) == 0 {
		return ""
	}
	return "; it has " + list(names)
}

// list writes names for an error, not too many.
func list(names []string) string {
	const most = 10
	if n := len(names) - most; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n)
	}
	return strings.Join(names, ", ")
}
