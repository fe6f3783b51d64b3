package ort

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// FindLibrary returns the path of ONNX Runtime's shared library: the given path
// if it is not empty; else beside the program; else in an npm install of
// onnxruntime-node in a folder above the program or the working directory; else
// on the system.
func FindLibrary(explicit string) (string, error) {
	if explicit != "" {
		if info, err := os.Stat(explicit); err != nil {
			return "", fmt.Errorf("ONNX Runtime's library: %w", err)
		} else if info.IsDir() {
			return "", fmt.Errorf("ONNX Runtime's library: %s is a folder; give the file in it", explicit)
		}
		return explicit, nil
	}
	exe, err := os.Executable()
	if err == nil {
		exe, err = filepath.EvalSymlinks(exe)
	}
	if err != nil {
		exe = ""
	}
	wd, err := os.Getwd()
	if err != nil {
		wd = ""
	}
	if path := search(exe, wd, systemDirs); path != "" {
		return path, nil
	}
	return "", errors.New("ONNX Runtime's library was not found: run `npm install` in the project's folder, or say where it is with --ort-lib")
}

var systemDirs = []string{
	"/usr/local/lib", "/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/opt/homebrew/lib",
}

func search(exe, wd string, system []string) string {
	names := libraryNames(runtime.GOOS)
	if exe != "" {
		if path := first(filepath.Dir(exe), names); path != "" {
			return path
		}
		if path := above(filepath.Dir(exe), names); path != "" {
			return path
		}
	}
	if wd != "" {
		if path := above(wd, names); path != "" {
			return path
		}
	}
	for _, dir := range system {
		if path := first(dir, names); path != "" {
			return path
		}
	}
	return ""
}

func libraryNames(goos string) []string {
	switch goos {
	case "windows":
		return []string{"onnxruntime.dll"}
	case "darwin":
		return []string{"libonnxruntime.1.dylib", "libonnxruntime.dylib"}
	}
	return []string{"libonnxruntime.so.1", "libonnxruntime.so"}
}

// above looks for an npm install in dir and every folder above it.
func above(dir string, names []string) string {
	arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	goos := map[string]string{"windows": "win32"}[runtime.GOOS]
	if goos == "" {
		goos = runtime.GOOS
	}
	for {
		folders, _ := filepath.Glob(filepath.Join(escape(dir), "node_modules", "onnxruntime-node", "bin", "napi-v*", goos, arch))
		slices.Sort(folders)
		for _, folder := range slices.Backward(folders) { // the newest Node-API first
			if path := first(folder, names); path != "" {
				return path
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// escape makes a folder's own name literal in a glob pattern.
func escape(dir string) string {
	if runtime.GOOS == "windows" { // no escaping there
		return dir
	}
	var out []byte
	for _, c := range []byte(dir) {
		if slices.Contains([]byte(`*?[\`), c) {
			out = append(out, '\\')
		}
		out = append(out, c)
	}
	return string(out)
}

func first(dir string, names []string) string {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path
		}
	}
	return ""
}
