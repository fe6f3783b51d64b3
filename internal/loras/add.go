package loras

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrNoFolder is met by Add where the operator gave no folder.
var ErrNoFolder = errors.New("there is no LoRA folder: start Easel with --loras DIR")

// Add keeps a file in the operator's folder under name, with or without its
// ending, once check finds nothing wrong with it. A name that is taken is an error.
func (s *Store) Add(name string, content io.Reader, check func(path string) error) (err error) {
	if s.options.Folder == "" {
		return ErrNoFolder
	}
	name = strings.TrimSuffix(name, ".safetensors")
	if !word.MatchString(name) || len(name) > 100 {
		return fmt.Errorf("%.100q: a LoRA's name is made of up to 100 letters, digits, dots, dashes and underscores", name)
	}
	final := filepath.Join(s.options.Folder, name+".safetensors")
	taken := fmt.Errorf("the LoRA folder has a %s.safetensors already", name)
	if _, err := os.Lstat(final); err == nil {
		return taken
	}
	f, err := os.CreateTemp(s.options.Folder, ".upload-*")
	if err != nil {
		return errors.New("the LoRA folder cannot be written to")
	}
	defer os.Remove(f.Name())
	n, err := io.Copy(f, io.LimitReader(content, s.options.Most+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("keep %s.safetensors: %w", name, err)
	}
	if n > s.options.Most {
		return fmt.Errorf("%s.safetensors has more than %d bytes", name, s.options.Most)
	}
	if err := check(f.Name()); err != nil {
		return fmt.Errorf("%s.safetensors: %w", name, err)
	}
	// A link, unlike a rename, never replaces what somebody else put there meanwhile.
	if err := os.Link(f.Name(), final); errors.Is(err, fs.ErrExist) {
		return taken
	} else if err != nil {
		return fmt.Errorf("keep %s.safetensors: %w", name, err)
	}
	return os.Chmod(final, 0o644)
}

// Local is the path of a file that has a name here.
func (s *Store) Local(name string) (string, error) {
	p, err := parse(name)
	if err != nil || p.kind != local {
		return "", fmt.Errorf("%.100q is not a name in the LoRA folder", name)
	}
	file, err := s.local(p.file)
	return file.Path, err
}
