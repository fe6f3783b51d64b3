package t5

import (
	"os"
	"path/filepath"
	"testing"

	"easel/internal/engine/golden"
	"easel/internal/engine/ort"
)

// TestHubCache loads a sharded model whose files are all links into blobs/, in
// folders that nobody may write to.
func TestHubCache(t *testing.T) {
	start(t)
	root := t.TempDir()
	blobs, snapshot := filepath.Join(root, "blobs"), filepath.Join(root, "snapshots", "1", "text_encoder_2")
	for _, dir := range []string{blobs, snapshot} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		data, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		blob := string(rune('a' + i))
		if err := os.WriteFile(filepath.Join(blobs, blob), data, 0o444); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..", "..", "..", "blobs", blob), filepath.Join(snapshot, file.Name())); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{blobs, snapshot} {
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(dir, 0o755) })
	}
	m, err := Load(snapshot, false, ort.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	g := golden.Cases(t, "text")["dev-square"]
	got, err := m.Encode(t.Context(), g.Ints(t, "t5_ids"), nil)
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "text", got, g.Floats(t, "text"), tolerance)
}
