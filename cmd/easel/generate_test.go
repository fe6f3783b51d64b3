package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"easel/internal/render"
)

// generate draws with a tiny model into a folder of its own and returns the picture.
func generate(t *testing.T, format string, change func(*generateCommand)) (path string, data []byte) {
	t.Helper()
	prompt := "a rocket"
	c := &generateCommand{
		Prompt: &prompt, Out: t.TempDir(), JSON: true,
		Input: []string{"seed=7", "num_inference_steps=2", "aspect_ratio=custom", "width=256", "height=272", "output_format=" + format},
	}
	c.Name, c.SafetyThreshold = "easel/emoji", 1.1
	c.Dev, c.Data, c.Device, c.Threads = "../../internal/engine/testdata/models/dev", t.TempDir(), "cpu", 1
	if change != nil {
		change(c)
	}
	if err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(c.Out, "out-0."+format)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, data
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	for _, format := range []string{"webp", "jpg", "png"} {
		first, want := generate(t, format, nil)
		if _, got := generate(t, format, nil); !bytes.Equal(got, want) {
			t.Errorf("%s: a second run wrote other bytes", format)
		}
		_, got := generate(t, format, func(c *generateCommand) { c.Prompt, c.Input, c.From = nil, nil, first })
		if !bytes.Equal(got, want) {
			t.Errorf("%s: the recipe gave other bytes", format)
		}
	}
}

func TestPicturesDrawnOverAnotherAgain(t *testing.T) {
	dir := t.TempDir()
	photo, mask := filepath.Join(dir, "photo one.png"), filepath.Join(dir, "mask.png")
	write(t, photo, 101, 67, func(x, y int) color.Color { return color.NRGBA{uint8(2 * x), uint8(3 * y), 90, 255} })
	write(t, mask, 50, 30, func(x, y int) color.Color { return color.Gray{uint8(255 * (x / 25))} })
	sources := []string{"image=" + photo, "mask=" + mask}
	first, want := generate(t, "png", func(c *generateCommand) { c.Input = append(c.Input, sources...) })
	_, got := generate(t, "png", func(c *generateCommand) { c.Prompt, c.Input, c.From = nil, sources, first })
	if !bytes.Equal(got, want) {
		t.Error("the recipe gave other bytes")
	}

	file, err := os.ReadFile(photo)
	if err != nil {
		t.Fatal(err)
	}
	inside := "image=data:image/png;base64," + base64.StdEncoding.EncodeToString(file)
	if _, got := generate(t, "png", func(c *generateCommand) { c.Input = append(c.Input, inside, sources[1]) }); !bytes.Equal(got, want) {
		t.Error("an image as a data URI gave other bytes")
	}

	c := &generateCommand{From: first, Input: sources[:1]}
	if _, _, err := c.input(); err == nil || !strings.Contains(err.Error(), "-i mask=FILE (sha256:") || strings.Contains(err.Error(), "\n") {
		t.Errorf("without the mask: %v", err)
	}
	other := filepath.Join(dir, "photo two.png")
	write(t, other, 9, 9, func(x, y int) color.Color { return color.Black })
	c.Input = []string{"image=" + other, "mask=" + mask}
	raw, old, err := c.input()
	if err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(old.differs, "\n"); !strings.Contains(said, "image is another picture") || strings.Contains(said, "mask is") {
		t.Errorf("said to differ: %q", old.differs)
	}
	if strings.Contains(string(raw), "lora_scale") || strings.Contains(string(raw), "megapixels") {
		t.Errorf("defaults are taken for wishes: %s", raw)
	}
	who := render.Identity{Program: old.recipe.Version, Weights: old.recipe.Weights, Runtime: old.recipe.Runtime, Device: old.recipe.Device}
	if got := drawnOtherwise(old.recipe, who, nil); got != nil {
		t.Errorf("the same is said to differ: %q", got)
	}
	who.Weights, who.Runtime, who.Device = "w", "ONNX Runtime 2", "gpu"
	all := strings.Join(drawnOtherwise(old.recipe, who, []render.LoRA{{SHA256: "a", Scale: 1}}), "\n")
	for _, want := range []string{"Other weights: then ", ", now w", "Another runtime: then ONNX Runtime ", "Another device: then ", ", now gpu", "Other LoRA files: then none, now a at 1"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not said: %s", want, all)
		}
	}
	if strings.Contains(all, "program") {
		t.Errorf("the same program is said to differ: %s", all)
	}
}

func TestJSONHasEveryList(t *testing.T) {
	raw, err := json.Marshal(newDrawn([]string{"out-0.png"}, render.Report{Seeds: []int64{7}}, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"output":["out-0.png"]`, `"warnings":[]`, `"seeds":[7]`, `"timings":{`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("no %s in %s", want, raw)
		}
	}
	report := render.Report{Warnings: []string{"b"}}
	if got := newDrawn(nil, report, []string{"a"}).Warnings; len(got) != 2 || got[0] != "a" {
		t.Errorf("warnings %q", got)
	}
}

func TestPromptOnTheCommandLine(t *testing.T) {
	if raw, _, err := (&generateCommand{Input: []string{"prompt=a cat"}}).input(); err != nil || string(raw) != `{"prompt":"a cat"}` {
		t.Errorf("-i prompt: %s, %v", raw, err)
	}
	if raw, _, err := (&generateCommand{}).input(); err != nil || string(raw) != `{}` {
		t.Errorf("no prompt: %s, %v", raw, err)
	}
}

func write(t *testing.T, path string, w, h int, at func(x, y int) color.Color) {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, at(x, y))
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}
