package schema

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testdata/input.json is the published input schema without its descriptions.
func TestInputEqualsThePublishedContract(t *testing.T) {
	raw, err := os.ReadFile("testdata/input.json")
	if err != nil {
		t.Fatal(err)
	}
	var want, doc map[string]any
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(Document(), &doc); err != nil {
		t.Fatal(err)
	}
	got := doc["components"].(map[string]any)["schemas"].(map[string]any)["Input"].(map[string]any)
	for name, p := range got["properties"].(map[string]any) {
		if p.(map[string]any)["description"] == "" {
			t.Errorf("%s has no description", name)
		}
		delete(p.(map[string]any), "description")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Input (-want +got):\n%s", diff)
	}
}

func TestEveryReferenceResolves(t *testing.T) {
	doc := string(Document())
	schemas := OpenAPI()["components"].(object)["schemas"].(object)
	for _, part := range strings.Split(doc, `"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if _, ok := schemas[name]; !ok {
			t.Errorf("$ref to %s, which is not there", name)
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{}`, "- input: prompt is required\n"},
		{`[]`, "- input: Invalid type. Expected: object, given: array\n"},
		{`null`, "- input: Invalid type. Expected: object, given: null\n"},
		{`{"prompt":5}`, "- input.prompt: Invalid type. Expected: string, given: integer\n"},
		{`{"prompt":"x","num_outputs":5}`, "- input.num_outputs: Must be less than or equal to 4\n"},
		{`{"prompt":"x","num_outputs":0}`, "- input.num_outputs: Must be greater than or equal to 1\n"},
		{`{"prompt":"x","output_format":"gif"}`, "- input.output_format: output_format must be one of the following: \"webp\", \"jpg\", \"png\"\n"},
		{`{"prompt":"x","seed":"a"}`, "- input.seed: Invalid type. Expected: integer, given: string\n"},
		{`{"prompt":"x","seed":1.5}`, "- input.seed: Invalid type. Expected: integer, given: number\n"},
		{`{"prompt":"x","seed":null}`, "- input.seed: Invalid type. Expected: integer, given: null\n"},
		{`{"prompt":"x","seed":9007199254740992}`, "- input.seed: Must be less than or equal to 9007199254740991\n"},
		{`{"prompt":"x","seed":-9007199254740992}`, "- input.seed: Must be greater than or equal to -9007199254740991\n"},
		{`{"prompt":"x","seed":1e900000}`, "- input.seed: Must be less than or equal to 9007199254740991\n"},
		{`{"prompt":"x","guidance_scale":1e-900000}`, "- input.guidance_scale: Must be written with at most 40 digits\n"},
		{`{"prompt":"x","go_fast":"yes"}`, "- input.go_fast: Invalid type. Expected: boolean, given: string\n"},
		{`{"prompt":"x","image":""}`, "- input.image: Does not match format 'uri'\n"},
		{`{"prompt":"x","image":"not a url"}`, "- input.image: Does not match format 'uri'\n"},
		{`{"prompt":"x","mask":"data:image/png;base64,AA=="}`, "- input.image: image is required when mask is given\n"},
		{`{"prompt":"x","aspect_ratio":"custom"}`, "- input.height: height is required when aspect_ratio is custom\n- input.width: width is required when aspect_ratio is custom\n"},
		{`{"num_outputs":9,"seed":"a"}`, "- input: prompt is required\n- input.num_outputs: Must be less than or equal to 4\n- input.seed: Invalid type. Expected: integer, given: string\n"},
	} {
		_, err := Parse([]byte(c.in))
		var bad *Invalid
		if !errors.As(err, &bad) {
			t.Errorf("Parse(%s) = %v, want *Invalid", c.in, err)
			continue
		}
		if diff := cmp.Diff(c.want, bad.Error()); diff != "" {
			t.Errorf("Parse(%s) (-want +got):\n%s", c.in, diff)
		}
	}
}

func TestParseFillsDefaults(t *testing.T) {
	in, err := Parse([]byte(`{"prompt":"x","seed":2.0,"num_outputs":3,"surprise":[1]}`))
	if err != nil {
		t.Fatal(err)
	}
	if in.AspectRatio != "1:1" || in.NumInferenceSteps != 28 || in.GuidanceScale != 3 || in.OutputQuality != 80 || in.PromptStrength != 0.8 {
		t.Errorf("defaults: %+v", in)
	}
	if in.Seed == nil || *in.Seed != 2 || in.NumOutputs != 3 {
		t.Errorf("given values: %+v", in)
	}
	if !in.Given("seed") || in.Given("model") {
		t.Error("Given does not tell the caller's values from the defaults")
	}
}

func TestSize(t *testing.T) {
	for _, c := range []struct {
		in   string
		w, h int
	}{
		{`{"prompt":""}`, 1024, 1024},
		{`{"prompt":"","aspect_ratio":"21:9"}`, 1536, 640},
		{`{"prompt":"","aspect_ratio":"4:5","megapixels":"0.25"}`, 448, 544},
		{`{"prompt":"","aspect_ratio":"custom","width":1440,"height":264}`, 1440, 272},
		{`{"prompt":"","aspect_ratio":"custom","width":263,"height":1000,"megapixels":"0.25"}`, 256, 1008},
	} {
		in, err := Parse([]byte(c.in))
		if err != nil {
			t.Fatalf("Parse(%s): %v", c.in, err)
		}
		if w, h := Size(in); w != c.w || h != c.h {
			t.Errorf("Size(%s) = %d×%d, want %d×%d", c.in, w, h, c.w, c.h)
		}
	}
}
