package engine

import (
	"slices"
	"testing"

	"easel/internal/engine/lora"
)

func TestAdapterFilesAreForgotten(t *testing.T) {
	v := &variant{name: Dev, layers: lora.Layers{"transformer.proj_out": {In: 8, Out: 8}}}
	paths := []string{everywhere(t, v, 1, 1), everywhere(t, v, 2, 2), everywhere(t, v, 3, 3)} // of 64, 128 and 192 bytes
	var files adapterFiles
	for _, i := range []int{0, 1, 2, 0} {
		if _, _, err := files.load(paths[i], v); err != nil {
			t.Fatal(err)
		}
	}
	held := func() (bytes []int64) {
		for _, f := range files {
			bytes = append(bytes, f.file.Bytes())
		}
		return bytes
	}
	if got := held(); !slices.Equal(got, []int64{128, 192, 64}) {
		t.Errorf("held %v, the one used last at the end", got)
	}
	files.forget(384)
	if got := held(); len(got) != 3 {
		t.Errorf("within the limit %v are left", got)
	}
	files.forget(1)
	if got := held(); !slices.Equal(got, []int64{192, 64}) {
		t.Errorf("held %v, want the two of a request whatever they take", got)
	}
}
