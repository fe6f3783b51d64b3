// Package ort runs ONNX graphs on ONNX Runtime. It is the only package that
// imports the binding, whose types stay inside.
//
// Init loads the library once; Open makes a Session of a built graph; a Session
// runs on Tensors, which alias Go slices. Sessions and Tensors are closed by
// whoever made them.
package ort

import (
	"errors"
	"fmt"
	"sync"

	binding "github.com/yalue/onnxruntime_go"
)

var (
	initMu  sync.Mutex
	loaded  string // path of the loaded library
	errInit = errors.New("ONNX Runtime is not loaded")
)

// Init loads ONNX Runtime's shared library from path, or from where
// FindLibrary finds it if path is empty. The library stays loaded for the
// process's life: calling again with the same path, or none, does nothing.
func Init(path string) error {
	initMu.Lock()
	defer initMu.Unlock()
	if loaded != "" && (path == "" || path == loaded) {
		return nil
	}
	if loaded != "" {
		return fmt.Errorf("load %s: %s is loaded already", path, loaded)
	}
	found, err := FindLibrary(path)
	if err != nil {
		return err
	}
	if err := checkCommandLine("/proc/self/cmdline"); err != nil {
		return err
	}
	binding.SetSharedLibraryPath(found)
	// Its warnings are about graphs, which a caller cannot act on; errors come back as values.
	if err := binding.InitializeEnvironment(binding.WithLogLevelFatal()); err != nil {
		return fmt.Errorf("load ONNX Runtime from %s: %w", found, plain(err))
	}
	if err := binding.DisableTelemetry(); err != nil {
		return fmt.Errorf("load ONNX Runtime from %s: switch its telemetry off: %w", found, err)
	}
	loaded = found
	if path != "" {
		loaded = path
	}
	return nil
}

// Version is the loaded library's version, such as "1.30.0"; empty before Init.
func Version() string {
	initMu.Lock()
	defer initMu.Unlock()
	if loaded == "" {
		return ""
	}
	return binding.GetVersion()
}
