package loras

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func TestAdd(t *testing.T) {
	folder := t.TempDir()
	s, err := Open(Options{Dir: t.TempDir(), Folder: folder, Most: 8})
	if err != nil {
		t.Fatal(err)
	}
	fine := func(string) error { return nil }
	if err := s.Add("style.safetensors", strings.NewReader("weights"), fine); err != nil {
		t.Fatal(err)
	}
	if file, err := s.Get(t.Context(), "style", nil); err != nil || file.SHA256 == "" {
		t.Errorf("what was added is not there: %v", err)
	}
	if path, err := s.Local("style"); err != nil || path == "" {
		t.Errorf("Local: %q, %v", path, err)
	}
	if _, err := s.Local("owner/style"); err == nil {
		t.Error("Local takes what is not in the folder")
	}
	for name, test := range map[string]struct {
		name, content string
		check         func(string) error
	}{
		"taken":        {"style", "other", fine},
		"too large":    {"large", "weights and more", fine},
		"another path": {"../style", "weights", fine},
		"hidden":       {".style", "weights", fine},
		"refused":      {"bad", "weights", func(string) error { return errors.New("no") }},
	} {
		if err := s.Add(test.name, strings.NewReader(test.content), test.check); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("%d files are left, want 1", len(left))
	}
	none, err := Open(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := none.Add("x", strings.NewReader(""), fine); !errors.Is(err, ErrNoFolder) {
		t.Errorf("without a folder: %v", err)
	}
}
