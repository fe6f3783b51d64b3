package loras

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func FuzzUntar(f *testing.F) {
	t := &testing.T{}
	f.Add(tarOf(t, []string{"a.safetensors"}, [][]byte{weights(1)}))
	f.Add(tarOf(t, []string{"d/", "l.safetensors", "a.safetensors", "b.safetensors"}, [][]byte{{}, nil, weights(1), weights(2)}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var out bytes.Buffer
		err := untar(bytes.NewReader(data), &out, "host", 1<<20)
		if out.Len() > 1<<20 {
			t.Errorf("%d bytes came of %d", out.Len(), len(data))
		}
		if err == nil && out.Len() == 0 && !bytes.Contains(data, []byte(".safetensors")) {
			t.Error("a file came of nothing")
		}
		if errors.Is(err, io.EOF) {
			t.Error("io.EOF came through")
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, address := range []string{"a", "a/b", "huggingface.co/a/b/x.safetensors", "civitai.com/models/1/n", "https://h/x.tar?y", "../x"} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		p, err := parse(address)
		if err != nil {
			return
		}
		for _, part := range []string{p.owner, p.name} {
			if part == ".." || strings.ContainsAny(part, "/\\?#@") {
				t.Errorf("%q: %+v", address, p)
			}
		}
		if p.kind == local && (strings.ContainsAny(p.file, "/\\") || p.file == "..") {
			t.Errorf("%q leaves the folder: %q", address, p.file)
		}
		for part := range strings.SplitSeq(p.file+"/"+p.version, "/") {
			if part == ".." {
				t.Errorf("%q: %+v", address, p)
			}
		}
	})
}
