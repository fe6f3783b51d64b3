package ort

import (
	"errors"
	"testing"
)

func TestPlain(t *testing.T) {
	for said, want := range map[string]string{
		"/onnxruntime_src/core/session/bridge.cc:1988 onnxruntime::Provider& Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library": "Failed to load library",
		"/onnxruntime_src/webgpu/webgpu_context.cc:136 Initialize()::<lambda()> status == Success was false. No supported adapters":        "No supported adapters",
		"Non-zero status code returned while running Gemm": "Non-zero status code returned while running Gemm",
	} {
		if got := plain(errors.New(said)).Error(); got != want {
			t.Errorf("%q became %q", said, got)
		}
	}
	if plain(nil) != nil {
		t.Error("nil became an error")
	}
}
