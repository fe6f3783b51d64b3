package ort

import (
	"errors"
	"regexp"
)

// origin is where in its own source ONNX Runtime met an error, and by which
// test: of use to its makers only.
var origin = regexp.MustCompile(`^(/onnxruntime_src/\S+:\d+ )?(.*\[ONNXRuntimeError\] : \d+ : \w+ : |.* was false\. )`)

// plain is the binding's error without its origin.
func plain(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(origin.ReplaceAllString(err.Error(), ""))
}
