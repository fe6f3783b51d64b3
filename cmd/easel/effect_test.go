package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"easel/internal/picture"
	"easel/internal/render"
)

const (
	goldens  = "../../internal/engine/testdata/"
	tinyLoRA = goldens + "lora/peft.safetensors"
)

// TestEveryInputHasItsEffect draws twice for each input, with all else equal:
// what it says must show in the picture.
func TestEveryInputHasItsEffect(t *testing.T) {
	dir := t.TempDir()
	photo, mask := filepath.Join(dir, "photo.png"), filepath.Join(dir, "mask.png")
	write(t, photo, 101, 67, func(x, y int) color.Color { return color.NRGBA{uint8(2 * x), uint8(3 * y), 90, 255} })
	write(t, mask, 101, 67, func(x, y int) color.Color { return color.Gray{uint8(255 * (x / 51))} })
	given := func(inputs ...string) func(*generateCommand) {
		return func(c *generateCommand) { c.Input = append(c.Input, inputs...) }
	}
	drawn := func(change func(*generateCommand)) *image.NRGBA {
		t.Helper()
		_, data := generate(t, "png", func(c *generateCommand) {
			c.Prompt, c.Input = nil, append([]string{"prompt=a rocket"}, c.Input...)
			change(c)
			c.Schnell = goldens + "models/schnell"
			if !slices.Contains(c.Input, "model=schnell") { // which has other sizes here
				c.Lora = tinyLoRA
			}
		})
		img, _, err := picture.Decode(data, picture.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	plain := drawn(given())
	over := drawn(given("image=" + photo))
	adapted := drawn(given("extra_lora=" + tinyLoRA))
	for name, c := range map[string]struct {
		than  *image.NRGBA // with all else equal
		with  []string
		sides image.Point
	}{
		"prompt":              {plain, []string{"prompt=a cat"}, image.Pt(256, 272)},
		"image":               {plain, []string{"image=" + photo}, image.Pt(96, 64)},
		"mask":                {over, []string{"image=" + photo, "mask=" + mask}, image.Pt(101, 67)},
		"aspect_ratio":        {plain, []string{"aspect_ratio=21:9", "megapixels=0.25"}, image.Pt(768, 320)},
		"height":              {plain, []string{"height=265"}, image.Pt(256, 272)},
		"width":               {plain, []string{"width=280"}, image.Pt(288, 272)},
		"prompt_strength":     {over, []string{"image=" + photo, "prompt_strength=0.3"}, image.Pt(96, 64)},
		"model":               {plain, []string{"model=schnell"}, image.Pt(256, 272)},
		"num_inference_steps": {plain, []string{"num_inference_steps=3"}, image.Pt(256, 272)},
		"guidance_scale":      {plain, []string{"guidance_scale=9"}, image.Pt(256, 272)},
		"seed":                {plain, []string{"seed=8"}, image.Pt(256, 272)},
		"go_fast":             {plain, []string{"go_fast=true", "lora_scale=0.66666666666666667"}, image.Pt(256, 272)},
		"megapixels":          {plain, []string{"aspect_ratio=1:1", "megapixels=0.25"}, image.Pt(512, 512)},
		"lora_scale":          {plain, []string{"lora_scale=-1"}, image.Pt(256, 272)},
		"extra_lora":          {plain, []string{"extra_lora=" + tinyLoRA}, image.Pt(256, 272)},
		"extra_lora_scale":    {adapted, []string{"extra_lora=" + tinyLoRA, "extra_lora_scale=-0.5"}, image.Pt(256, 272)},
	} {
		got := drawn(given(c.with...))
		if got.Rect.Size() != c.sides {
			t.Errorf("%s: %v pixels, want %v", name, got.Rect.Size(), c.sides)
		}
		if name != "height" && bytes.Equal(got.Pix, c.than.Pix) { // a height of 265 is one of 272
			t.Errorf("%s has no effect", name)
		}
	}
}

// TestOutputInputs are those that say what becomes of a finished picture.
func TestOutputInputs(t *testing.T) {
	for format, magic := range map[string]string{"webp": "RIFF", "jpg": "\xff\xd8\xff", "png": "\x89PNG"} {
		_, best := generate(t, format, func(c *generateCommand) { c.Input = append(c.Input, "output_quality=100") })
		_, least := generate(t, format, func(c *generateCommand) { c.Input = append(c.Input, "output_quality=0") })
		if !strings.HasPrefix(string(best), magic) {
			t.Errorf("output_format %s begins with %.4q", format, best)
		}
		if smaller := len(least) < len(best)/2; smaller == (format == "png") {
			t.Errorf("output_quality: %s has %d bytes at 0 and %d at 100", format, len(least), len(best))
		}
	}
	path, first := generate(t, "png", func(c *generateCommand) { c.Input = append(c.Input, "num_outputs=2") })
	second, err := os.ReadFile(filepath.Join(filepath.Dir(path), "out-1.png"))
	if err != nil {
		t.Fatal(err)
	}
	_, alone := generate(t, "png", func(c *generateCommand) { c.Input = append(c.Input, "seed=8") })
	if bytes.Equal(first, second) || !bytes.Equal(second, alone) {
		t.Error("num_outputs: picture 1 is not the one made alone with the next seed")
	}
}

func TestSafetyInput(t *testing.T) {
	draw := func(always bool, inputs ...string) error {
		prompt := "a rocket"
		c := &generateCommand{Prompt: &prompt, Out: t.TempDir(), JSON: true, Input: append(inputs, "num_inference_steps=1", "megapixels=0.25", "num_outputs=2")}
		c.Name, c.SafetyThreshold, c.SafetyAlways = "easel/emoji", 0, always // every picture is flagged
		c.Dev, c.Data, c.Device, c.Threads = goldens+"models/dev", t.TempDir(), "cpu", 1
		return c.Run(t.Context())
	}
	if err := draw(false); err == nil || err != render.ErrFlagged {
		t.Errorf("checked: %v", err)
	}
	if err := draw(false, "disable_safety_checker=true"); err != nil {
		t.Errorf("disabled: %v", err)
	}
	if err := draw(true, "disable_safety_checker=true"); err == nil || err != render.ErrFlagged {
		t.Errorf("disabled against the operator's word: %v", err)
	}
}

// TestRecipesFindTheirLoRA draws with a LoRA of this machine, and again by the
// recipe, which keeps no folders: by its content, or else by asking for it.
func TestRecipesFindTheirLoRA(t *testing.T) {
	data := t.TempDir()
	first, want := generate(t, "webp", func(c *generateCommand) {
		c.Data, c.Lora, c.Input = data, goldens+"lora/xlabs.safetensors", append(c.Input, "extra_lora="+tinyLoRA)
	})
	if bytes.Contains(want, []byte("testdata")) {
		t.Error("the recipe names a folder")
	}
	c := &generateCommand{From: first, Out: t.TempDir(), JSON: true}
	c.Name, c.SafetyThreshold = "easel/emoji", 1.1
	c.Dev, c.Data, c.Device, c.Threads, c.Lora = goldens+"models/dev", data, "cpu", 1, goldens+"lora/xlabs.safetensors"
	file, err := os.ReadFile(tinyLoRA)
	if err != nil {
		t.Fatal(err)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(file))
	if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("-i extra_lora=FILE (sha256:%s)", sum)) {
		t.Errorf("without the file: %v", err)
	}
	if err := os.WriteFile(filepath.Join(data, "loras", sum+".safetensors"), file, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(c.Out, "out-0.webp")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the recipe gave other bytes (%v)", err)
	}
}
