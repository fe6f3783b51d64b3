package picture

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"image"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

func sample() Recipe {
	return Recipe{
		Version: "1.0", Model: "easel/emoji", Weights: "sha256:ab", Seed: 9007199254740991,
		Input: json.RawMessage(`{"prompt":"a <b> & \"c\" 雪 ]]> \u0007\n–","num_outputs":2}`),
		LoRAs: []RecipeLoRA{{SHA256: "cd", Scale: -0.5}},
	}
}

func TestRecipeComesBackFromEveryFormat(t *testing.T) {
	img := scene(40, 30)
	for _, f := range []Format{PNG, JPEG, WebP} {
		file := encoded(t, img, f, 80)
		tagged, err := Embed(file, sample())
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadRecipe(tagged)
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		want := sample()
		if diff := cmp.Diff(string(want.Input), string(got.Input), cmp.Transformer("json", func(s string) any {
			var v any
			json.Unmarshal([]byte(s), &v)
			return v
		})); diff != "" {
			t.Errorf("%s: %s", f, diff)
		}
		got.Input, want.Input = nil, nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", f, diff)
		}
		before, _, err := Decode(file, DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		after, _, err := Decode(tagged, DefaultLimits)
		if err != nil || difference(t, before, after) != 0 {
			t.Errorf("%s: the pixels changed, %v", f, err)
		}
		again, err := Embed(tagged, sample())
		if err != nil || !bytes.Equal(again, tagged) {
			t.Errorf("%s: embedding twice is not the same file (%v)", f, err)
		}
		stripped, err := Strip(tagged)
		if err != nil || bytes.Contains(stripped, []byte("recipe")) || bytes.Contains(stripped, []byte("prompt")) {
			t.Errorf("%s: not stripped, %v", f, err)
		}
		if _, err := ReadRecipe(stripped); !errors.Is(err, ErrNoRecipe) {
			t.Errorf("%s: stripped: %v", f, err)
		}
		if f != WebP && !bytes.Equal(stripped, file) { // a WebP keeps its extended header
			t.Errorf("%s: stripping does not give the file back", f)
		}
	}
}

func TestRecipeInAPictureWithAlphaAndProfile(t *testing.T) {
	for _, name := range []string{"lossless.webp", "lossy_alpha.webp", "p3.webp", "animated.webp", "p3.jpg", "alpha.png"} {
		file := read(t, name)
		tagged, err := Embed(file, sample())
		if err != nil {
			t.Fatal(err)
		}
		before, _, err := Decode(file, DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		after, _, err := Decode(tagged, DefaultLimits)
		if err != nil || difference(t, before, after) != 0 {
			t.Errorf("%s: the pixels changed, %v", name, err)
		}
		if _, err := ReadRecipe(tagged); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRecipeTooLongForJPEG(t *testing.T) {
	r := sample()
	r.Input = json.RawMessage(`{"prompt":"` + strings.Repeat("x", 70000) + `"}`)
	if _, err := Embed(encoded(t, scene(8, 8), JPEG, 80), r); err == nil || !strings.Contains(err.Error(), "65,533") {
		t.Error(err)
	}
	for _, f := range []Format{PNG, WebP} {
		if _, err := Embed(encoded(t, scene(8, 8), f, 80), r); err != nil {
			t.Error(err)
		}
	}
}

func TestCleanInput(t *testing.T) {
	pic := []byte("pixels")
	got, err := CleanInput([]byte(`{"seed":9007199254740991,"prompt":"see http://u:p@h/x?y=1 /etc/passwd","image":"https://u:p@h/a.png?sig=s","mask":"data:image/png;base64,AAAA","extra_lora":"https://u:p@h:8/a/b.safetensors?token=t#f","num_outputs":1}`),
		map[string][]byte{"image": pic})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"extra_lora":"https://h:8/a/b.safetensors","image":"` + sum(pic) + `","mask":"` + sum([]byte{0, 0, 0}) +
		`","num_outputs":1,"prompt":"see http://u:p@h/x?y=1 /etc/passwd","seed":9007199254740991}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestCleanAddress(t *testing.T) {
	for in, want := range map[string]string{
		"owner/name":                            "owner/name",
		"owner/name/abc123":                     "owner/name/abc123",
		"huggingface.co/o/n/f.safetensors":      "huggingface.co/o/n/f.safetensors",
		"huggingface.co/o/n?token=x":            "huggingface.co/o/n",
		"user:pass@host/file.safetensors":       "host/file.safetensors",
		"https://a:b@host/x%20y?z=1#k":          "https://host/x%20y",
		"HTTPS://host?x":                        "https://host",
		"/home/ann/secret/style.safetensors":    "style.safetensors",
		"file:///home/ann/style.safetensors":    "style.safetensors",
		`C:\Users\ann\style.safetensors`:        "style.safetensors",
		`\\server\share\style.safetensors`:      "style.safetensors",
		"~/style.safetensors":                   "style.safetensors",
		"../../x/style.safetensors":             "style.safetensors",
		"style.safetensors":                     "style.safetensors",
		"webp":                                  "webp",
		"16:9":                                  "16:9",
		"civitai.com/models/123/name?token=abc": "civitai.com/models/123/name",
	} {
		if got := CleanAddress(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := CleanAddress("https://h/%zz?token=1"); !strings.HasPrefix(got, "sha256:") {
		t.Errorf("an unreadable URL became %q", got)
	}
}

const parameters = "a cat, \"sitting\": yes\non a mat\nNegative prompt: dog\nSteps: 20, Sampler: Euler, Schedule type: Simple, CFG scale: 1, Distilled CFG Scale: 3.5, Seed: 123456, Size: 832x1216, Model hash: abc, Model: \"flux1, dev\", Lora hashes: \"a: b, c: d\", Version: f2"

func TestReadsParametersOfOthers(t *testing.T) {
	var want any
	json.Unmarshal([]byte(`{"prompt":"a cat, \"sitting\": yes\non a mat","num_inference_steps":20,"guidance_scale":3.5,"seed":123456,"aspect_ratio":"custom","width":832,"height":1216}`), &want)
	units := utf16.Encode([]rune(parameters))
	comment := []byte("UNICODE\x00")
	for _, u := range units {
		comment = binary.BigEndian.AppendUint16(comment, u)
	}
	for name, file := range map[string][]byte{
		"png":  withPart(t, read(t, "plain.png"), part{"tEXt", []byte("parameters\x00" + parameters)}),
		"jpeg": withPart(t, read(t, "full.jpg"), part{"APP1", append([]byte(exifHeader), userComment(comment)...)}),
		"webp": withPart(t, read(t, "p3.webp"), part{"EXIF", userComment(append([]byte("ASCII\x00\x00\x00"), parameters...))}),
	} {
		r, err := ReadRecipe(file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got any
		json.Unmarshal(r.Input, &got)
		if diff := cmp.Diff(want, got); diff != "" || r.Seed != 123456 || r.Model != "flux1, dev" {
			t.Errorf("%s: %+v\n%s", name, r, diff)
		}
	}
}

// withPart puts a part second, where all three formats allow it.
func withPart(t *testing.T, file []byte, p part) []byte {
	t.Helper()
	kind, parts, err := split(file)
	if err != nil {
		t.Fatal(err)
	}
	out, err := join(kind, insert(parts, 1, p))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// userComment is a little-endian EXIF block with one tag behind the EXIF pointer.
func userComment(value []byte) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00")
	entry := func(tag, kind uint16, count, at uint32) {
		b = binary.LittleEndian.AppendUint16(b, tag)
		b = binary.LittleEndian.AppendUint16(b, kind)
		b = binary.LittleEndian.AppendUint32(b, count)
		b = binary.LittleEndian.AppendUint32(b, at)
	}
	b = append(b, 1, 0)
	entry(exifPointer, 4, 1, 26)
	b = append(b, 0, 0, 0, 0, 1, 0)
	entry(exifUserComment, 7, uint32(len(value)), 44)
	b = append(b, 0, 0, 0, 0)
	return append(b, value...)
}

func TestNoRecipe(t *testing.T) {
	for _, name := range []string{"plain.png", "full.jpg", "lossy.webp", "orientation6.jpg"} {
		if _, err := ReadRecipe(read(t, name)); !errors.Is(err, ErrNoRecipe) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ReadRecipe([]byte("text")); err == nil || errors.Is(err, ErrNoRecipe) {
		t.Error(err)
	}
}

func FuzzReadRecipe(f *testing.F) {
	for _, format := range []Format{PNG, JPEG, WebP} {
		var b bytes.Buffer
		if err := Encode(&b, image.NewNRGBA(image.Rect(0, 0, 4, 4)), format, 80); err != nil {
			f.Fatal(err)
		}
		tagged, err := Embed(b.Bytes(), sample())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(tagged)
	}
	f.Add([]byte(parameters))
	f.Fuzz(func(t *testing.T, data []byte) {
		ReadRecipe(data)
		Strip(data)
		if tagged, err := Embed(data, sample()); err == nil {
			if _, err := ReadRecipe(tagged); err != nil && !bytes.HasPrefix(data, []byte("GIF")) {
				t.Errorf("a recipe just embedded does not come back: %v", err)
			}
		}
		ReadParameters(string(data))
	})
}
