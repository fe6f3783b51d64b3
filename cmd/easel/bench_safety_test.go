package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "subjects.txt")
	for text, want := range map[string][]string{
		"# subjects\n a cat \n\na dog":         {"a cat", "a dog"},
		"a cat\n" + strings.Repeat("x", 1<<17): nil, // longer than a scanner reads
		"# nothing\n":                          nil,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := lines(path); !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%.20q: %q, %v", text, got, err)
		}
	}
}
