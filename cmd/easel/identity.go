package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/cpu"

	"easel/internal/render"
	"easel/internal/schema"
)

// sample is how much of each end of a file goes into a version: hashing the 24
// GB of a full-size model would take a minute at every start, and two
// fine-tunes differ everywhere.
const sample = 1 << 20

// program is this Easel's version.
const program = "0.1.0"

func identity(name, weights string) render.Identity {
	return render.Identity{Program: program, Model: name, Weights: weights}
}

// machine tells apart what rounds otherwise: the device and, where that is the
// processor, the instructions that ONNX Runtime chooses its arithmetic by.
func machine(device string) string {
	if device != "cpu" {
		return device
	}
	best := runtime.GOARCH
	switch {
	case cpu.X86.HasAVX512BF16:
		best += " AVX-512 BF16"
	case cpu.X86.HasAVX512VNNI:
		best += " AVX-512 VNNI"
	case cpu.X86.HasAVX512F:
		best += " AVX-512"
	case cpu.X86.HasAVX2:
		best += " AVX2"
	}
	return device + " " + best
}

// versionID names what a model computes: 64 hex digits over its schema and its
// directories' files (path, size, and both ends of the content).
func versionID(m modelDirs) (string, error) {
	h := sha256.New()
	h.Write(schema.Document())
	for _, dir := range []string{m.dev, m.schnell} {
		if dir == "" {
			continue
		}
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			return addEnds(h, dir, path)
		})
		if err != nil {
			return "", fmt.Errorf("identify the model in %s: %w", dir, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func addEnds(h io.Writer, dir, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	name, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "%s\x00%d\x00", filepath.ToSlash(name), info.Size())
	if _, err := io.CopyN(h, f, sample); err == io.EOF {
		return nil
	} else if err != nil {
		return err
	}
	if info.Size() > 2*sample {
		if _, err := f.Seek(-sample, io.SeekEnd); err != nil {
			return err
		}
	}
	_, err = io.Copy(h, f)
	return err
}
