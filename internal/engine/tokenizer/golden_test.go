package tokenizer

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const testdata = "../testdata"

// golden is one vocabulary's answers, see testdata/README.md.
type golden struct {
	Source    string
	Config    map[string]any
	Tokenizer map[string]any
	Every     int
	Size      int
	Pad       int64
	MaxLength int `json:"max_length"`
	IDs       [][]int64
}

func TestIdsAreTransformers(t *testing.T) {
	var texts []string
	readGzip(t, "texts.json.gz", &texts)
	if len(texts) < 2000 {
		t.Fatalf("only %d texts", len(texts))
	}
	files, _ := filepath.Glob(filepath.Join(testdata, "tokens", "*.json.gz"))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json.gz")
		if name == "texts" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			var want golden
			readGzip(t, name+".json.gz", &want)
			load := LoadCLIP
			if strings.HasPrefix(name, "t5") {
				load = LoadT5
			}
			tok, err := load(vocabulary(t, want))
			if err != nil {
				t.Fatal(err)
			}
			if tok.MaxLength() != want.MaxLength || tok.Size() != want.Size {
				t.Errorf("max length %d, size %d; want %d and %d", tok.MaxLength(), tok.Size(), want.MaxLength, want.Size)
			}
			bad := 0
			for i, ids := range want.IDs {
				text := texts[i*want.Every]
				if got, cut := tok.Encode(text, len(ids)); !slices.Equal(got, ids) || cut != 0 {
					if bad++; bad <= 10 {
						t.Errorf("%q:\n got %v (cut %d)\nwant %v", text, got, cut, ids)
					}
				}
			}
			if bad > 0 {
				t.Errorf("%d of %d texts differ", bad, len(want.IDs))
			}
			padded, cut := tok.Encode(texts[0], 12)
			if len(padded) != 12 || cut != 0 || padded[11] != want.Pad {
				t.Errorf("padded %v (cut %d), want %d at the end", padded, cut, want.Pad)
			}
		})
	}
}

// vocabulary writes a golden's tokenizer directory, with its changes.
func vocabulary(t testing.TB, g golden) string {
	t.Helper()
	dir, source := t.TempDir(), filepath.Join(testdata, g.Source)
	entries, err := os.ReadDir(source)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(source, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		name, packed := strings.CutSuffix(e.Name(), ".gz")
		if packed {
			raw = gunzip(t, raw)
		}
		switch name {
		case "tokenizer_config.json":
			raw = change(t, raw, g.Config)
		case "tokenizer.json":
			raw = change(t, raw, g.Tokenizer)
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// change merges changes into a JSON object; null removes a key.
func change(t testing.TB, raw []byte, changes map[string]any) []byte {
	t.Helper()
	var config map[string]any
	if err := json.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	for k, v := range changes {
		if config[k] = v; v == nil {
			delete(config, k)
		}
	}
	raw, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func readGzip(t testing.TB, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(testdata, "tokens", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(gunzip(t, raw), into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func gunzip(t testing.TB, raw []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
