package ort

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	binding "github.com/yalue/onnxruntime_go"
)

// Device is what a session computes on.
type Device string

const (
	CPU    Device = "cpu"
	WebGPU Device = "webgpu"
	CUDA   Device = "cuda"
)

// ParseDevice reads a device's name; empty is the CPU.
func ParseDevice(name string) (Device, error) {
	switch d := Device(strings.ToLower(name)); d {
	case "":
		return CPU, nil
	case Auto, CPU, WebGPU, CUDA:
		return d, nil
	}
	return "", fmt.Errorf("device %q: must be auto, cpu, webgpu or cuda", name)
}

// Options say how a session is made. The zero value is a good CPU session.
type Options struct {
	Device  Device // empty: CPU
	Threads int    // for one run on the CPU; 0: as many as Go may use

	// NoArena gives every activation back to the system at once: less memory
	// between runs, more page faults within them.
	NoArena bool
	// NoPrepack keeps mapped weights as their only copy instead of re-laying
	// them on the heap for faster products.
	NoPrepack bool
	// Deterministic asks the device for kernels that repeat bit for bit. The
	// CPU's always do.
	Deterministic bool
	// Profile, if not empty, is the prefix of a JSON file of node times.
	Profile string
	// Config adds session configuration entries, by ONNX Runtime's keys.
	Config map[string]string
}

func (o Options) threads() int {
	if o.Threads > 0 {
		return o.Threads
	}
	return runtime.GOMAXPROCS(0) // knows the container's limit; ONNX Runtime's default does not
}

// session makes the binding's options; folder is where external weights lie.
func (o Options) session(folder string) (_ *binding.SessionOptions, err error) {
	so, err := binding.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			so.Destroy()
		}
	}()
	config := map[string]string{
		// Several sessions are used in turn: one that keeps its threads spinning
		// after its run takes the processors from the next. Within a run a short
		// spin saves the wake-up between two small nodes.
		"session.force_spinning_stop":       "1",
		"session.intra_op.spin_duration_us": "1000",
	}
	if folder != "" {
		config["session.model_external_initializers_file_folder_path"] = folder
	}
	if o.NoPrepack {
		config["session.disable_prepacking"] = "1"
	}
	if o.Deterministic {
		config["session.use_deterministic_compute"] = "1"
	}
	maps.Copy(config, o.Config)
	for _, key := range slices.Sorted(maps.Keys(config)) {
		if err := so.AddSessionConfigEntry(key, config[key]); err != nil {
			return nil, fmt.Errorf("option %s: %w", key, err)
		}
	}
	steps := []func() error{
		func() error { return so.SetLogSeverityLevel(binding.LoggingLevelFatal) },
		func() error { return so.SetIntraOpNumThreads(o.threads()) },
		func() error { return so.SetInterOpNumThreads(1) },
		func() error { return so.SetCpuMemArena(!o.NoArena) },
		// A pattern is one more block for all activations, beside the arena's own:
		// decoding 1024×1024 pixels takes 570 MiB with it and 350 without, in the same time.
		func() error { return so.SetMemPattern(false) },
		func() error { return appendDevice(so, o.Device) },
	}
	if o.Profile != "" {
		steps = append(steps, func() error { return so.EnableProfiling(o.Profile) })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return so, nil
}

// appendDevice adds the device's execution provider before the CPU's, which
// takes what the device has no kernel for.
func appendDevice(so *binding.SessionOptions, d Device) error {
	var err error
	hint := ""
	switch d {
	case "", CPU:
		return nil
	case WebGPU:
		err = so.AppendExecutionProvider("WebGPU", nil)
		hint = "it needs a GPU driver (Vulkan on Linux, Direct3D 12 on Windows, Metal on macOS)"
	case CUDA:
		err = appendCUDA(so)
		hint = "it needs an NVIDIA driver, CUDA 12, cuDNN 9 and ONNX Runtime's CUDA provider libraries beside its main library, which 'make cuda' puts there"
	default:
		return fmt.Errorf("device %q: must be cpu, webgpu or cuda", d)
	}
	if err != nil {
		return fmt.Errorf("device %s is not available (%s): %w", d, hint, plain(err))
	}
	return nil
}

func appendCUDA(so *binding.SessionOptions) error {
	cuda, err := binding.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer cuda.Destroy()
	err = cuda.Update(map[string]string{
		"arena_extend_strategy":  "kSameAsRequested", // doubling does not fit beside 24 GB of weights
		"cudnn_conv_algo_search": "HEURISTIC",        // the exhaustive search starts anew at every new size
	})
	if err != nil {
		return err
	}
	return so.AppendExecutionProviderCUDA(cuda)
}
