package ort

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestFindLibrary(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("folder names below are those of linux/amd64")
	}
	put := func(path string) string {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	root := t.TempDir()
	repo := filepath.Join(root, "re[po") // a name that means something in a pattern
	npm := put(filepath.Join(repo, "node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1"))
	put(filepath.Join(repo, "node_modules/onnxruntime-node/bin/napi-v3/linux/x64/libonnxruntime.so.1"))
	beside := put(filepath.Join(root, "opt", "libonnxruntime.so"))
	system := put(filepath.Join(root, "lib", "libonnxruntime.so.1"))
	systemDirs := []string{filepath.Join(root, "none"), filepath.Join(root, "lib")}

	tests := []struct{ desc, exe, wd, want string }{
		{"beside the program", filepath.Join(root, "opt", "easel"), repo, beside},
		{"above the program", filepath.Join(repo, "bin", "easel"), root, npm},
		{"above the working directory", filepath.Join(root, "x", "easel"), filepath.Join(repo, "a", "b"), npm},
		{"system", filepath.Join(root, "x", "easel"), root, system},
		{"no paths known", "", "", system},
	}
	for _, tt := range tests {
		t.Run(tt.desc, func(t *testing.T) {
			if got := search(tt.exe, tt.wd, systemDirs); got != tt.want {
				t.Errorf("search = %q, want %q", got, tt.want)
			}
		})
	}
	if got := search(filepath.Join(root, "x", "easel"), root, nil); got != "" {
		t.Errorf("search found %q where there is none", got)
	}
	if got, err := FindLibrary(npm); err != nil || got != npm {
		t.Errorf("FindLibrary(%q) = %q, %v", npm, got, err)
	}
	for path, want := range map[string]string{root: "is a folder", filepath.Join(root, "no.so"): "no such file"} {
		if _, err := FindLibrary(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("FindLibrary(%q): %v, want %q", path, err, want)
		}
	}
}

func TestInitTwice(t *testing.T) {
	start(t)
	if err := Init(""); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := Init("/another/library.so"); err == nil || !strings.Contains(err.Error(), "loaded already") {
		t.Errorf("another library: %v", err)
	}
	if Version() == "" {
		t.Error("no version")
	}
}
