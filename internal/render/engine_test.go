package render

import (
	"context"
	"fmt"
	"image"
	"os"
	"testing"

	"easel/internal/engine"
	"easel/internal/picture"
	"easel/internal/schema"
)

// sizes takes pictures and keeps their sizes only.
type sizes struct{ pile }

func (s *sizes) Picture(_ int, _ int64, _, _ string, data []byte) error {
	img, _, err := picture.Decode(data, picture.DefaultLimits)
	if err == nil {
		s.images = append(s.images, image.NewNRGBA(img.Rect))
	}
	return err
}

// TestPromisedSizes draws every ratio, and sizes of the caller's own, with a model of 8 pixels to a latent and one of 32 (the
// embedded one), which computes more than it hands over.
func TestPromisedSizes(t *testing.T) {
	for name, dir := range map[string]string{"8": "../engine/testdata/models/dev", "32": "../../models/emoji/dev"} {
		e, err := engine.Open(t.Context(), engine.Options{Dev: dir, Library: os.Getenv("EASEL_ORT_LIB")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		r := &Renderer{Engine: e}
		check := func(inputs string, width, height int) {
			t.Helper()
			out := &sizes{}
			in := parse(t, `{"prompt":"x","num_inference_steps":1,"output_format":"jpg",`+inputs+`}`)
			if _, err := r.Render(context.Background(), in, out); err != nil {
				t.Fatal(err)
			}
			if got := out.images[0].Rect.Size(); got != image.Pt(width, height) {
				t.Errorf("%s pixels to a latent, %s: %v, want %d×%d", name, inputs, got, width, height)
			}
		}
		for ratio, want := range schema.Sizes("0.25") {
			check(fmt.Sprintf(`"aspect_ratio":%q,"megapixels":"0.25"`, ratio), want[0], want[1])
		}
		check(`"aspect_ratio":"9:21"`, 640, 1536)
		check(`"aspect_ratio":"4:5"`, 896, 1088)
		for given, want := range map[[2]int][2]int{{256, 256}: {256, 256}, {1440, 256}: {1440, 256}, {263, 264}: {256, 272}, {1000, 777}: {1008, 784}, {1433, 300}: {1440, 304}} {
			check(fmt.Sprintf(`"aspect_ratio":"custom","width":%d,"height":%d`, given[0], given[1]), want[0], want[1])
		}
	}
}
