package ort

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLongCommandLinesAreRefused(t *testing.T) {
	list := filepath.Join(t.TempDir(), "cmdline")
	for n, want := range map[int]bool{0: true, maxCommandLine: true, maxCommandLine + 1: false} {
		if err := os.WriteFile(list, []byte(strings.Repeat("a", n)), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := checkCommandLine(list); (err == nil) != want {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if err := checkCommandLine(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("without a list: %v", err)
	}
}
