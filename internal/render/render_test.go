package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"easel/internal/engine"
	"easel/internal/loras"
	"easel/internal/picture"
	"easel/internal/schema"
)

// painter is an engine that paints every pixel one colour.
type painter struct {
	paint color.NRGBA
	slow  bool // has no fast mode
	asked engine.Request
}

func (p *painter) HasFast() bool { return !p.slow }

func (p *painter) Generate(_ context.Context, r engine.Request, o engine.Observer) (engine.Result, error) {
	p.asked = r
	for k := range r.Seeds {
		img := image.NewNRGBA(image.Rect(0, 0, r.Width, r.Height))
		for i := 0; i < len(img.Pix); i += 4 {
			copy(img.Pix[i:], []uint8{p.paint.R, p.paint.G, p.paint.B, 255})
		}
		if r.Previews {
			o.Preview(k, 1, (*image.RGBA)(img)) // opaque: the same bytes
		}
		if err := o.Picture(k, img); err != nil {
			return engine.Result{}, err
		}
	}
	return engine.Result{}, nil
}

// pile keeps what a run hands over.
type pile struct {
	names  []string
	seeds  []int64
	images []*image.NRGBA
	log    strings.Builder

	previews int
}

func (p *pile) Step(int, int, int, float64) {}
func (p *pile) Preview(int, int, []byte)    { p.previews++ }
func (p *pile) Log(text string)             { p.log.WriteString(text) }
func (p *pile) Picture(_ int, seed int64, name, _ string, data []byte) error {
	img, _, err := picture.Decode(data, picture.DefaultLimits)
	p.names, p.seeds, p.images = append(p.names, name), append(p.seeds, seed), append(p.images, img)
	return err
}

// shelf holds files by address.
type shelf map[string][]byte

func (s shelf) Read(_ context.Context, field, address string, _ int64) ([]byte, error) {
	if data, ok := s[address]; ok {
		return data, nil
	}
	return nil, fmt.Errorf("%s: no such file", field)
}

func drawn(t *testing.T, w, h int, at func(x, y int) color.NRGBA) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, at(x, y))
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parse(t *testing.T, raw string) schema.Input {
	t.Helper()
	in, err := schema.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestKeptPixelsComeBackByteForByte(t *testing.T) {
	noise := func(x, y int) color.NRGBA { return color.NRGBA{uint8(x * 7), uint8(y * 11), uint8(x ^ y), 255} }
	files := shelf{
		"x:photo": drawn(t, 333, 217, noise),
		"x:mask": drawn(t, 333, 217, func(x, y int) color.NRGBA {
			if x > 100 && x < 200 && y > 60 && y < 150 {
				return color.NRGBA{255, 255, 255, 255}
			}
			return color.NRGBA{0, 0, 0, 255}
		}),
	}
	out := &pile{}
	r := &Renderer{Engine: &painter{paint: color.NRGBA{255, 0, 0, 255}}, Files: files}
	if _, err := r.Render(context.Background(), parse(t, `{"prompt":"x","image":"x:photo","mask":"x:mask","output_format":"png"}`), out); err != nil {
		t.Fatal(err)
	}
	got := out.images[0]
	if got.Rect.Dx() != 333 || got.Rect.Dy() != 217 {
		t.Fatalf("an inpainted picture is %v, the image was 333×217", got.Rect.Size())
	}
	for y := range 217 {
		for x := range 333 {
			if inside := x > 100 && x < 200 && y > 60 && y < 150; !inside && got.NRGBAAt(x, y) != noise(x, y) {
				t.Fatalf("pixel %d,%d is %v, was %v and is not masked", x, y, got.NRGBAAt(x, y), noise(x, y))
			}
		}
	}
	if got.NRGBAAt(150, 100) != (color.NRGBA{255, 0, 0, 255}) {
		t.Errorf("the middle of the mask is %v, not repainted", got.NRGBAAt(150, 100))
	}
}

// TestLossyFormatsEncodeTheComposite: what a lossy file is made of has the kept
// pixels as they were, too.
func TestLossyFormatsEncodeTheComposite(t *testing.T) {
	files := shelf{
		"x:photo": drawn(t, 120, 90, func(x, y int) color.NRGBA { return color.NRGBA{uint8(x * 7), uint8(y * 11), uint8(x ^ y), 255} }),
		"x:mask":  drawn(t, 120, 90, func(x, y int) color.NRGBA { return color.NRGBA{255, 255, 255, uint8(255 * (x / 60))} }),
	}
	images := map[string]*image.NRGBA{}
	for _, format := range []string{"png", "webp", "jpg"} {
		out := &pile{}
		r := &Renderer{Engine: &painter{paint: color.NRGBA{255, 0, 0, 255}}, Files: files}
		if _, err := r.Render(context.Background(), parse(t, `{"prompt":"x","image":"x:photo","mask":"x:mask","output_format":"`+format+`"}`), out); err != nil {
			t.Fatal(err)
		}
		images[format] = out.images[0]
	}
	for _, format := range []picture.Format{picture.WebP, picture.JPEG} {
		var b bytes.Buffer
		if err := picture.Encode(&b, images["png"], format, 80); err != nil {
			t.Fatal(err)
		}
		want, _, err := picture.Decode(b.Bytes(), picture.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(images[string(format)].Pix, want.Pix) {
			t.Errorf("%s: not made of what png holds", format)
		}
	}
}

// TestWhatAFormatCannotHoldIsSaidBefore gives an image whose own size, which an
// inpainted picture has, is too long for WebP.
func TestWhatAFormatCannotHoldIsSaidBefore(t *testing.T) {
	white := func(int, int) color.NRGBA { return color.NRGBA{255, 255, 255, 255} }
	files, engine := shelf{"x:strip": drawn(t, 16400, 200, white), "x:mask": drawn(t, 4, 4, white)}, &painter{}
	r := &Renderer{Engine: engine, Files: files}
	_, err := r.Render(context.Background(), parse(t, `{"prompt":"x","image":"x:strip","mask":"x:mask"}`), &pile{})
	if err == nil || !strings.HasPrefix(err.Error(), "output_format: the image is 16400×200 pixels") || engine.asked.Seeds != nil {
		t.Errorf("got %v, and the engine was asked for %d pictures", err, len(engine.asked.Seeds))
	}
	if _, err := r.Render(context.Background(), parse(t, `{"prompt":"x","image":"x:strip"}`), &pile{}); err != nil {
		t.Errorf("image to image, which is scaled down: %v", err)
	}
}

// drawer has one LoRA file.
type drawer struct{ file loras.File }

func (d drawer) Get(context.Context, string, loras.Progress) (loras.File, error) { return d.file, nil }
func (d drawer) At(path string) (loras.File, error)                              { return loras.File{Path: path, SHA256: "m"}, nil }

func TestFastModeRaisesBothScales(t *testing.T) {
	for _, c := range []struct {
		slow, fast  bool
		main, extra float64
	}{{false, false, 0.5, -1}, {false, true, 0.75, -1.5}, {true, true, 0.5, -1}} {
		engine := &painter{slow: c.slow}
		r := &Renderer{Engine: engine, Adapters: drawer{loras.File{Path: "extra", SHA256: "e"}}, MainLoRA: "main.safetensors"}
		out := &pile{}
		report, err := r.Render(context.Background(),
			parse(t, fmt.Sprintf(`{"prompt":"x","go_fast":%v,"lora_scale":0.5,"extra_lora":"a/b","extra_lora_scale":-1}`, c.fast)), out)
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Contains(out.log.String(), "LoRA main at scale 0.75 (0.5, times 1.5 for go_fast)\n"); said != (c.fast && !c.slow) {
			t.Errorf("%+v: logged %q", c, out.log.String())
		}
		for i, want := range []float64{c.main, c.extra} {
			if engine.asked.Adapters[i].Scale != want || report.LoRAs[i].Scale != want {
				t.Errorf("%+v: LoRA %d was asked for at %v and reported at %v, want %v", c, i, engine.asked.Adapters[i].Scale, report.LoRAs[i].Scale, want)
			}
		}
	}
}

func TestImageSetsTheSizeAndSaysSo(t *testing.T) {
	files := shelf{"x:wide": drawn(t, 2880, 1000, func(x, y int) color.NRGBA { return color.NRGBA{9, 9, 9, 255} })}
	engine := &painter{}
	out := &pile{}
	report, err := (&Renderer{Engine: engine, Files: files}).Render(context.Background(),
		parse(t, `{"prompt":"x","image":"x:wide","aspect_ratio":"9:16","width":300,"num_outputs":2,"seed":7,"output_format":"png"}`), out)
	if err != nil {
		t.Fatal(err)
	}
	if engine.asked.Width != 1440 || engine.asked.Height != 496 || engine.asked.Strength != 0.8 {
		t.Errorf("asked for %d×%d at strength %v", engine.asked.Width, engine.asked.Height, engine.asked.Strength)
	}
	for _, want := range []string{"aspect_ratio ignored: an image is given", "width ignored: an image is given", "image 2880×1000 is worked on at 1440×496"} {
		if !strings.Contains(strings.Join(report.Warnings, "\n"), want) {
			t.Errorf("no warning %q in %q", want, report.Warnings)
		}
	}
	if len(out.seeds) != 2 || out.seeds[0] != 7 || out.seeds[1] != 8 || out.names[1] != "out-1.png" {
		t.Errorf("pictures %v with seeds %v", out.names, out.seeds)
	}
}

// brightness flags bright pictures.
type brightness struct{}

func (brightness) Score(_ context.Context, img image.Image) (float64, error) {
	r, _, _, _ := img.At(0, 0).RGBA()
	return float64(r) / 0xffff, nil
}

func TestFlaggedSlotsAreGrey(t *testing.T) {
	bright := &painter{paint: color.NRGBA{250, 250, 250, 255}}
	out := &pile{}
	r := &Renderer{Engine: bright, Judge: brightness{}, Threshold: 0.5}
	report, err := r.Render(context.Background(), parse(t, `{"prompt":"x","output_format":"png","num_outputs":2}`), out)
	if !errors.Is(err, ErrFlagged) {
		t.Errorf("every picture flagged: error %v", err)
	}
	if len(report.Verdicts) != 2 || !report.Verdicts[1].Flagged || len(out.images) != 2 {
		t.Fatalf("verdicts %v, %d pictures", report.Verdicts, len(out.images))
	}
	if c := out.images[0].NRGBAAt(5, 5); c.R != c.G || c.R > 200 || out.images[0].Rect.Dx() != 1024 {
		t.Errorf("a flagged slot holds %v at %v", c, out.images[0].Rect)
	}
	if _, err := r.Render(context.Background(), parse(t, `{"prompt":"x","output_format":"png","disable_safety_checker":true}`), &pile{}); err != nil {
		t.Errorf("with the checker disabled: %v", err)
	}
	r.AlwaysOn = true
	if _, err := r.Render(context.Background(), parse(t, `{"prompt":"x","output_format":"png","disable_safety_checker":true}`), &pile{}); !errors.Is(err, ErrFlagged) {
		t.Errorf("with the checker forced: %v", err)
	}
}

func TestPreviewsAreJudgedWhereTheOperatorForbids(t *testing.T) {
	for _, c := range []struct {
		always bool
		paint  uint8
		want   int
	}{{false, 250, 1}, {true, 250, 0}, {true, 10, 1}} {
		out := &pile{}
		r := &Renderer{Engine: &painter{paint: color.NRGBA{c.paint, c.paint, c.paint, 255}}, Judge: brightness{}, Threshold: 0.5, AlwaysOn: c.always, Previews: true}
		if _, err := r.Render(context.Background(), parse(t, `{"prompt":"x","megapixels":"0.25"}`), out); err != nil && !errors.Is(err, ErrFlagged) {
			t.Fatal(err)
		}
		if out.previews != c.want {
			t.Errorf("%+v: %d previews", c, out.previews)
		}
	}
}

func TestBadPicturesAreNamed(t *testing.T) {
	white := drawn(t, 64, 64, func(int, int) color.NRGBA { return color.NRGBA{255, 255, 255, 255} })
	black := drawn(t, 64, 64, func(int, int) color.NRGBA { return color.NRGBA{0, 0, 0, 255} })
	files := shelf{"x:text": []byte("hello"), "x:white": white, "x:black": black, "x:tiny": drawn(t, 8, 64, func(int, int) color.NRGBA { return color.NRGBA{} })}
	for in, want := range map[string]string{
		`{"prompt":"x","image":"x:text"}`:                   "image: ",
		`{"prompt":"x","image":"x:gone"}`:                   "image: no such file",
		`{"prompt":"x","image":"x:tiny"}`:                   "image: the picture is 8×64",
		`{"prompt":"x","image":"x:white","mask":"x:black"}`: "mask: the mask repaints nothing",
		`{"prompt":"x","image":"x:white","mask":"x:text"}`:  "mask: ",
	} {
		_, err := (&Renderer{Engine: &painter{}, Files: files}).Render(context.Background(), parse(t, in), &pile{})
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line starting %q", in, err, want)
		}
	}
}

func TestSeedsCanAllBeAskedForAgain(t *testing.T) {
	got := seeds(parse(t, `{"prompt":"x","num_outputs":3,"seed":9007199254740990}`))
	if diff := cmp.Diff([]int64{1<<53 - 2, 1<<53 - 1, 0}, got); diff != "" { // 2⁵³ has no low bits
		t.Error(diff)
	}
}

func TestARecipeThatDoesNotFitIsSaid(t *testing.T) {
	out := &pile{}
	report, err := (&Renderer{Engine: &painter{}}).Render(context.Background(),
		parse(t, `{"prompt":"`+strings.Repeat("very ", 20_000)+`","output_format":"jpg","megapixels":"0.25"}`), out)
	if err != nil || len(out.images) != 1 {
		t.Fatalf("%d pictures, %v", len(out.images), err)
	}
	if said := strings.Join(report.Warnings, "\n"); !strings.Contains(said, "picture 0 carries no recipe") || !strings.Contains(out.log.String(), "warning: picture 0 carries no recipe") {
		t.Errorf("warnings %.300q", said)
	}
}

func TestWhatIsVoidIsSaid(t *testing.T) {
	for in, want := range map[string]string{
		`{"prompt":"x","width":512}`:                                      "width ignored: aspect_ratio is 1:1",
		`{"prompt":"x","prompt_strength":0.5}`:                            "prompt_strength ignored: no image is given",
		`{"prompt":"x","model":"schnell"}`:                                "schnell ran num_inference_steps 28, the default: it needs only 4",
		`{"prompt":"x","model":"schnell","guidance_scale":3}`:             "guidance_scale ignored: schnell has no guidance",
		`{"prompt":"x","output_format":"png","output_quality":9}`:         "output_quality ignored: png is lossless",
		`{"prompt":"x","aspect_ratio":"custom","width":300,"height":512}`: "size 300×512 rounded to 304×512: sides are multiples of 16",
	} {
		if got := strings.Join(voided(parse(t, in)), "\n"); !strings.Contains(got, want) {
			t.Errorf("%s: warnings %q, want %q", in, got, want)
		}
	}
	if got := voided(parse(t, `{"prompt":"x"}`)); got != nil {
		t.Errorf("a plain prompt brings %q", got)
	}
}
