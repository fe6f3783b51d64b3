package loras

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// fileID changes whenever a file does.
type fileID struct {
	path string
	size int64
	time time.Time
}

// local finds a name in the operator's folder, then among the model's own.
func (s *Store) local(name string) (File, error) {
	if len(s.folders()) == 0 {
		return File{}, fmt.Errorf("there is no LoRA folder to look %q up in; an address is %s", name, forms)
	}
	for _, folder := range s.folders() {
		file, err := s.inside(folder, name)
		if !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	return File{}, fmt.Errorf("the LoRA folder has no %s.safetensors%s", name, s.others())
}

// folders are those that names are looked up in: the first that has one counts.
func (s *Store) folders() []string {
	var found []string
	for _, folder := range []string{s.options.Folder, s.options.Own} {
		if folder == "" {
			continue
		}
		if _, err := os.Stat(folder); err == nil || folder == s.options.Folder {
			found = append(found, folder)
		}
	}
	return found
}

// inside opens a name in one folder. It does not leave the folder, not even
// through a symbolic link: os.Root sees to that.
func (s *Store) inside(folder, name string) (File, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return File{}, errors.New("the LoRA folder cannot be read")
	}
	defer root.Close()
	f, err := root.Open(name + ".safetensors")
	if err != nil {
		return File{}, fs.ErrNotExist // also what leads outside
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return File{}, fmt.Errorf("%s.safetensors in the LoRA folder is not a file", name)
	}
	file, err := s.hashed(f, filepath.Join(folder, name+".safetensors"), info)
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

// Names lists the LoRA files that have one: the operator's and the model's
// own, without their ending.
func (s *Store) Names() []string {
	var names []string
	for _, folder := range s.folders() {
		paths, err := filepath.Glob(filepath.Join(folder, "*.safetensors"))
		if err != nil {
			continue
		}
		for _, p := range paths {
			names = append(names, strings.TrimSuffix(filepath.Base(p), ".safetensors"))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
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
