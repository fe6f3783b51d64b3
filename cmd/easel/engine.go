package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"easel/internal/engine"
)

// engineFlags say which model runs, and on what.
type engineFlags struct {
	Dev     string `help:"Diffusers directory of the dev variant. Neither --dev nor --schnell: the embedded model." type:"existingdir" placeholder:"DIR"`
	Schnell string `help:"Diffusers directory of the schnell variant." type:"existingdir" placeholder:"DIR"`
	Device  string `help:"Where to compute: ${enum}. auto takes the first of cuda, webgpu and cpu that works." enum:"auto,cpu,webgpu,cuda" default:"auto"`
	Threads int    `help:"Threads of the CPU to compute with; 0: all of them." default:"0"`
	OrtLib  string `help:"ONNX Runtime's library, where it is not found by itself." type:"existingfile" placeholder:"FILE"`
	Memory  size   `help:"Memory that loaded weights may hold, such as 16GiB: networks make room for each other, and are rounded to 8 or 4 bits where they do not fit. Default: two thirds of the machine's." placeholder:"SIZE"`
	Bits    int    `help:"Bits of a weight in go_fast: 8, or 4 for half the memory, less exact; 0: 4 where 8 do not fit." enum:"0,4,8" default:"0"`
	Lora    string `help:"Main LoRA; default: lora.safetensors in the dev variant's directory, if there." type:"existingfile" placeholder:"FILE"`
	Data    string `help:"Directory of everything that Easel keeps." type:"path" placeholder:"DIR"`
}

// dataDir is --data, or a directory of the user's own.
func (f engineFlags) dataDir() (string, error) {
	if f.Data != "" {
		return f.Data, nil
	}
	if base := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "easel"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no home directory to keep data in: give --data DIR")
	}
	return filepath.Join(home, ".local", "share", "easel"), nil
}

// modelDirs are the diffusers directories of the variants; "" is not installed.
type modelDirs struct {
	dev, schnell string
	lora         string // the main LoRA; "": none
	embedded     bool
}

// loras is the folder of the LoRA files that come with the embedded model.
func (d modelDirs) loras() string {
	if !d.embedded {
		return ""
	}
	return filepath.Join(filepath.Dir(d.dev), "loras")
}

// models are the chosen directories, or the embedded model's.
func (f engineFlags) models() (modelDirs, error) {
	dirs := modelDirs{dev: f.Dev, schnell: f.Schnell, lora: f.Lora}
	if f.Dev == "" && f.Schnell == "" {
		data, err := f.dataDir()
		if err != nil {
			return modelDirs{}, err
		}
		if dirs.dev, dirs.schnell, err = unpackEmbedded(data); err != nil {
			return modelDirs{}, err
		}
		dirs.embedded = true
	}
	if dirs.lora == "" && dirs.dev != "" {
		own := filepath.Join(dirs.dev, "lora.safetensors")
		if _, err := os.Stat(own); err == nil {
			dirs.lora = own
		}
	}
	return dirs, nil
}

// open readies an engine over the directories. What takes minutes it says to log.
func (f engineFlags) open(ctx context.Context, dirs modelDirs, log *slog.Logger) (*engine.Engine, error) {
	data, err := f.dataDir()
	if err != nil {
		return nil, err
	}
	return engine.Open(ctx, engine.Options{
		Dev: dirs.dev, Schnell: dirs.schnell, Device: f.Device, Threads: f.Threads, Library: f.OrtLib, Bits: f.Bits,
		Memory: int64(cmp.Or(f.Memory, size(memory()/3*2))), Cache: filepath.Join(data, "rounded"), Rounding: tellRounding(log),
	})
}

// tellRounding logs how far a rounding is, every few seconds.
func tellRounding(log *slog.Logger) func(variant string, done, total int64) {
	const pause = 5 * time.Second
	next := time.Now().Add(pause)
	return func(variant string, done, total int64) {
		if time.Now().After(next) {
			next = time.Now().Add(pause)
			log.Info("rounding weights, once", "model", variant, "percent", 100*done/total, "of", size(total))
		}
	}
}
