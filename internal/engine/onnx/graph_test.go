package onnx

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

func TestBuildKeepsTheFirstError(t *testing.T) {
	g := New("tiny")
	x := g.Input("x", Float32, Sym("tokens"), D(8))
	w := g.Input("w", Float32, D(4), D(6))
	y := g.GemmT(x, w, Value{})
	g.Output("y", g.Add(y, g.Transpose(y, 5)))
	_, err := g.Build()
	want := `graph tiny: Gemm(x f32[tokens 8], w f32[4 6]): needs a [m k], b [k n] (or [n k] transposed), c broadcast to [m n]`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestNamesAreTakenOnce(t *testing.T) {
	g := New("tiny")
	g.Input("x", Float32, D(1))
	g.Input("x", Float32, D(1))
	if err := g.Err(); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("got %v", err)
	}
}

func TestShapes(t *testing.T) {
	g := New("shapes")
	x := g.Input("x", Float32, Sym("s"), D(12))
	heads := g.Reshape(x, Keep, 3, Rest)
	text := g.Input("text", Float32, Sym("t"), D(12))
	image := g.Input("image", Float32, D(1), D(16), Sym("h"), Sym("w"))
	kernel := g.Input("kernel", Float32, D(4), D(16), D(3), D(3))
	conv := g.Conv2D(image, kernel, Value{}, 1, 1, 1, 1, 1)
	for name, c := range map[string]struct {
		got  Value
		want string
	}{
		"reshape":    {heads, "[s 3 4]"},
		"back":       {g.Reshape(heads, Rest, 12), "[s 12]"},
		"transpose":  {g.Transpose(heads, 1, 0, 2), "[3 s 4]"},
		"concat":     {g.Concat(0, text, x), "[t+s 12]"},
		"broadcast":  {g.Mul(x, g.Fill(1, 12)), "[s 12]"},
		"unsqueeze":  {g.Unsqueeze(x, 0), "[1 s 12]"},
		"convolve":   {conv, "[1 4 h w]"},
		"upsample":   {g.Upsample2x(conv), "[1 4 2*h 2*w]"},
		"matmul":     {g.MatMul(heads, g.Transpose(heads, 0, 2, 1)), "[s 3 3]"},
		"split":      {g.Split(x, 1, 4, 8)[1], "[s 8]"},
		"group norm": {g.Reshape(conv, Keep, 2, Rest), "[1 2 ?]"},
	} {
		if got := c.got.Shape.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	if err := g.Err(); err != nil {
		t.Error(err)
	}
}

// TestExternalLocations lays weights as a hub cache does: links into another folder.
func TestExternalLocations(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"blobs", "snapshots/a"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	g := New("links")
	for i, blob := range []string{"blobs/11", "blobs/22"} {
		if err := os.WriteFile(filepath.Join(root, blob), make([]byte, 64), 0o644); err != nil {
			t.Fatal(err)
		}
		link := filepath.Join(root, "snapshots/a", filepath.Base(blob)+".safetensors")
		if err := os.Symlink("../../"+blob, link); err != nil {
			t.Fatal(err)
		}
		g.External(filepath.Base(blob), External{Type: BFloat16, Shape: []int64{2, 3}, File: link, Offset: int64(7 + i), Length: 12})
	}
	m, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(root, "blobs"); m.Folder != want {
		t.Errorf("folder: got %s, want %s", m.Folder, want)
	}
	for _, want := range []string{"11", "22"} {
		if !strings.Contains(string(m.Proto), string(entry("location", want))) {
			t.Errorf("no location %q in the model", want)
		}
	}
}

func TestExternalLengthMustHoldTheShape(t *testing.T) {
	g := New("short")
	g.External("w", External{Type: Float32, Shape: []int64{4}, File: "x", Length: 15})
	if err := g.Err(); err == nil || !strings.Contains(err.Error(), "w f32[4]") {
		t.Errorf("got %v", err)
	}
}

// TestModelProto reads back the top level of the written message.
func TestModelProto(t *testing.T) {
	g := New("proto")
	g.Output("y", g.Relu(g.Input("x", Float32, Sym("n"))))
	m, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	var fields []protowire.Number
	for b := m.Proto; len(b) > 0; {
		num, _, n := protowire.ConsumeField(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		fields, b = append(fields, num), b[n:]
	}
	if diff := cmp.Diff([]protowire.Number{1, 2, 7, 8, 8}, fields); diff != "" {
		t.Error(diff)
	}
}
