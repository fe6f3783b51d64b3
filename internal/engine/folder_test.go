package engine

import (
	"bytes"
	"errors"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/engine/safetensors"
)

// TestHubCache draws from a cache of links into a folder of blobs, read only.
func TestHubCache(t *testing.T) {
	root := t.TempDir()
	snapshot, blobs := filepath.Join(root, "snapshots", "1a2b"), filepath.Join(root, "blobs")
	n := 0
	err := fs.WalkDir(os.DirFS(tiny), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return errors.Join(err, os.MkdirAll(filepath.Join(snapshot, path), 0o755), os.MkdirAll(blobs, 0o755))
		}
		data, err := os.ReadFile(filepath.Join(tiny, path))
		if err != nil {
			return err
		}
		n++
		blob := filepath.Join(blobs, strings.Repeat("f", n))
		target, err := filepath.Rel(filepath.Dir(filepath.Join(snapshot, path)), blob)
		return errors.Join(err, os.WriteFile(blob, data, 0o444), os.Symlink(target, filepath.Join(snapshot, path)))
	})
	if err != nil {
		t.Fatal(err)
	}
	got := draw(t, open(t, Options{Dev: snapshot}), rocket()).pictures[0]
	want := draw(t, open(t, Options{Dev: tiny}), rocket()).pictures[0]
	if !bytes.Equal(got.Pix, want.Pix) {
		t.Error("the cache gave another picture")
	}
}

// TestVariantOfALoRA has a schnell that is dev with a LoRA.
func TestVariantOfALoRA(t *testing.T) {
	plain := open(t, Options{Dev: tiny})
	dir, r := t.TempDir(), rocket()
	file := everywhere(t, plain.variants[Dev], 2, 3)
	r.Adapters = []Adapter{{Path: file, Scale: 1}}
	want := draw(t, plain, r).pictures[0]
	if err := os.Rename(file, filepath.Join(dir, partAdapter)); err != nil {
		t.Fatal(err)
	}
	e := open(t, Options{Dev: tiny, Schnell: dir})
	for variant, same := range map[string]bool{Dev: false, Schnell: true} {
		r := rocket()
		r.Variant = variant
		if got := draw(t, e, r).pictures[0]; bytes.Equal(got.Pix, want.Pix) != same {
			t.Errorf("%s: same as dev with the LoRA is %v, want %v", variant, !same, same)
		}
	}
}

// TestBrokenVariant has a LoRA that is not for the base.
func TestBrokenVariant(t *testing.T) {
	path := filepath.Join(t.TempDir(), partAdapter)
	zeros := safetensors.NewF32("transformer.single_transformer_blocks.99.proj_out.lora_A.weight", make([]float32, 8), 1, 8)
	up := safetensors.NewF32("transformer.single_transformer_blocks.99.proj_out.lora_B.weight", make([]float32, 8), 8, 1)
	if err := safetensors.WriteFile(path, []safetensors.Data{zeros, up}, nil); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Options{Dev: tiny, Schnell: filepath.Dir(path), Library: os.Getenv("EASEL_ORT_LIB")})
	if err == nil || !strings.Contains(err.Error(), path+": none of the file's 2 keys matches a layer") {
		t.Errorf("got %v", err)
	}
}

// TestVariantOfBoth has a transformer and a LoRA for another one.
func TestVariantOfBoth(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.CopyFS(dir, os.DirFS(tiny)), os.WriteFile(filepath.Join(dir, partAdapter), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Options{Dev: tiny, Schnell: dir, Library: os.Getenv("EASEL_ORT_LIB")})
	if err == nil || !strings.Contains(err.Error(), partAdapter+": it changes the base's transformer, but there is a folder transformer, too") {
		t.Errorf("got %v", err)
	}
}

// TestBrokenModel expects one error that lists every problem.
func TestBrokenModel(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(tiny)); err != nil {
		t.Fatal(err)
	}
	edit := func(path string, change func([]byte) []byte) {
		path = filepath.Join(dir, path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, change(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	replace := func(old, new string) func([]byte) []byte {
		return func(data []byte) []byte { return bytes.Replace(data, []byte(old), []byte(new), 1) }
	}
	edit("transformer/diffusion_pytorch_model.safetensors", replace(`x_embedder.weight`, `y_embedder.weight`))
	edit("vae/diffusion_pytorch_model.safetensors", func(data []byte) []byte { return data[:len(data)/2] })
	edit("text_encoder/config.json", replace(`"vocab_size"`, `"vocab_sighs"`))
	edit("scheduler/scheduler_config.json", replace("FlowMatchEuler", "Euler"))
	_, err := Open(t.Context(), Options{Dev: dir, Library: os.Getenv("EASEL_ORT_LIB")})
	if err == nil {
		t.Fatal("a broken model opened")
	}
	for _, want := range []string{
		`transformer/diffusion_pytorch_model.safetensors: tensor "x_embedder.weight" is missing`,
		`vae/diffusion_pytorch_model.safetensors: `,
		`text_encoder/model.safetensors: tensor "text_model.embeddings.token_embedding.weight" is`,
		`scheduler_config.json`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not listed: %s\n%v", want, err)
		}
	}
}

func TestUnknownClass(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(tiny)); err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(dir, indexFile)
	data, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.Replace(data, []byte("FluxTransformer2DModel"), []byte("SD3Transformer2DModel"), 1)
	if err := os.WriteFile(index, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, partVAE)), os.Remove(filepath.Join(dir, partT5, "config.json"))); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), Options{Dev: dir, Library: os.Getenv("EASEL_ORT_LIB")})
	for _, want := range []string{`transformer is "SD3Transformer2DModel"`, "vae: the folder is missing", "text_encoder_2/config.json: no such file"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not said: %s\n%v", want, err)
		}
	}
}

// TestNaNNamesItsNetwork poisons one weight of each network in turn.
func TestNaNNamesItsNetwork(t *testing.T) {
	for network, tensor := range map[string][2]string{
		"CLIP text encoder": {partCLIP, "text_model.final_layer_norm.bias"},
		"T5 text encoder":   {partT5, "encoder.final_layer_norm.weight"},
		"transformer":       {partTransformer, "proj_out.bias"},
		"VAE decoder":       {partVAE, "decoder.conv_out.bias"},
		"VAE encoder":       {partVAE, "encoder.conv_out.bias"},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(tiny)); err != nil {
			t.Fatal(err)
		}
		poison(t, filepath.Join(dir, tensor[0]), tensor[1])
		e, r := open(t, Options{Dev: dir}), rocket()
		if network == "VAE encoder" {
			r.Image, r.Strength = image.NewNRGBA(image.Rect(0, 0, r.Width, r.Height)), 1
		}
		for _, r.Fast = range []bool{false, true} {
			if _, err := e.Generate(t.Context(), r, Quiet{}); err == nil || !strings.Contains(err.Error(), "the "+network+" computed NaN") {
				t.Errorf("%s, go_fast %v: got %v", network, r.Fast, err)
			}
		}
	}
}

// poison makes every value of a stored f32 tensor a NaN.
func poison(t *testing.T, dir, name string) {
	t.Helper()
	stem := imageStem
	if strings.HasPrefix(filepath.Base(dir), partCLIP) {
		stem = textStem
	}
	file, err := safetensors.OpenDir(dir, stem)
	if err != nil {
		t.Fatal(err)
	}
	x, ok := file.Tensor(name)
	if !ok {
		t.Fatalf("no %s", name)
	}
	f, err := os.OpenFile(x.File, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xff}, int(x.Length)), x.Offset); err != nil {
		t.Fatal(err)
	}
}
