package ort

import (
	"fmt"
	"os"
)

// maxCommandLine is how many bytes of arguments the process may have been
// started with. ONNX Runtime reads them as it starts, recursively: on a stack of
// 8 MiB it dies at some 29,000 bytes, where no error can be caught.
const maxCommandLine = 16 << 10

// checkCommandLine reads the list of arguments, which only Linux has as a file.
func checkCommandLine(list string) error {
	args, err := os.ReadFile(list)
	if err != nil || len(args) <= maxCommandLine {
		return nil
	}
	return fmt.Errorf("the command line has %d bytes; ONNX Runtime starts with at most %d: give long inputs as files, or to easel serve", len(args), maxCommandLine)
}
