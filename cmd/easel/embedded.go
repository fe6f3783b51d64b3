package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"easel/models"
)

// unpackEmbedded lays the embedded model out under the data directory, once:
// ONNX Runtime maps weights from files. A folder appears under its final name
// only when it is whole, so a killed process leaves nothing half-written.
func unpackEmbedded(data string) (dev, schnell string, err error) {
	sum, err := fingerprint(models.Emoji)
	if err != nil {
		return "", "", fmt.Errorf("read the embedded model: %w", err)
	}
	parent := filepath.Join(data, "models")
	home := filepath.Join(parent, "emoji-"+sum)
	dev, schnell = filepath.Join(home, "emoji", "dev"), filepath.Join(home, "emoji", "schnell")
	if _, err := os.Stat(home); err == nil {
		return dev, schnell, nil
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", "", fmt.Errorf("unpack the embedded model: %w", err)
	}
	partial, err := os.MkdirTemp(parent, "unpacking-")
	if err != nil {
		return "", "", fmt.Errorf("unpack the embedded model: %w", err)
	}
	defer os.RemoveAll(partial)
	if err := os.CopyFS(partial, models.Emoji); err != nil {
		return "", "", fmt.Errorf("unpack the embedded model: %w", err)
	}
	if err := os.Chmod(partial, 0o755); err != nil {
		return "", "", fmt.Errorf("unpack the embedded model: %w", err)
	}
	err = os.Rename(partial, home)
	if err != nil && !errors.Is(err, fs.ErrExist) { // another process was first: its copy is as good
		if _, stat := os.Stat(home); stat != nil {
			return "", "", fmt.Errorf("unpack the embedded model: %w", err)
		}
	}
	return dev, schnell, nil
}

// fingerprint names the content of a file tree by 16 hex digits of its SHA-256.
func fingerprint(tree fs.FS) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(tree, path)
		fmt.Fprintf(h, "%s\x00%d\x00", path, len(content))
		h.Write(content)
		return err
	})
	return hex.EncodeToString(h.Sum(nil))[:16], err
}
