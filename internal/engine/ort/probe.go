package ort

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"

	"easel/internal/engine/onnx"
)

// Auto stands for the best device that works here.
const Auto Device = "auto"

// preferred are the devices that Auto tries, the fastest first.
var preferred = []Device{CUDA, WebGPU, CPU}

// Choose returns d itself, or for Auto the first preferred device that
// computes, with the reason why each one before it was passed over.
func Choose(ctx context.Context, d Device) (Device, []error) {
	if d != Auto {
		return d, nil
	}
	var passed []error
	for _, candidate := range preferred {
		err := present(candidate)
		if err == nil {
			err = probe(ctx, candidate)
		}
		if err == nil {
			return candidate, passed
		}
		passed = append(passed, fmt.Errorf("%s passed over: %w", candidate, err))
	}
	return CPU, passed // opening the first graph will say what is wrong with it
}

// present looks for a GPU before WebGPU is asked. Linux often has a Vulkan
// driver that computes on the processor, slower than ONNX Runtime does.
func present(d Device) error {
	if d != WebGPU || runtime.GOOS != "linux" {
		return nil
	}
	for _, pattern := range []string{"/dev/dri/renderD*", "/dev/nvidia[0-9]*", "/dev/dxg"} {
		if nodes, _ := filepath.Glob(pattern); len(nodes) > 0 { // the patterns are well-formed
			return nil
		}
	}
	return errors.New("there is no GPU (no /dev/dri/renderD*, /dev/nvidia* or /dev/dxg)")
}

// probe has a device compute a sum: a driver may be there and not work.
func probe(ctx context.Context, d Device) error {
	g := onnx.New("probe")
	x := g.Input("x", onnx.Float32, onnx.D(1))
	g.Output("y", g.Add(x, x))
	m, err := g.Build()
	if err != nil {
		return err
	}
	s, err := Open(m, Options{Device: d})
	if err != nil {
		return err
	}
	defer s.Close()
	in, err := New([]float32{1}, 1)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := Zeros(1)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := s.Run(ctx, Values{"x": in}, Values{"y": out}); err != nil {
		return err
	}
	if got := out.Float32s()[0]; got != 2 {
		return fmt.Errorf("it computes 1 + 1 = %v", got)
	}
	return nil
}
