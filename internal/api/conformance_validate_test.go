package api

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// input posts an input without waiting.
func (w *world) input(t *testing.T, input string) reply {
	t.Helper()
	return w.do(t, "POST", model, `{"input":`+input+`}`)
}

// accepted posts an input and demands that it is taken.
func (w *world) accepted(t *testing.T, input string) object {
	t.Helper()
	p := w.input(t, input).is(201).json()
	return w.await(t, str(p["id"]), "succeeded", "failed")
}

const ratios = `"1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21", "custom"`

var validating = []scenario{
	{12, "prompt_missing", func(t *testing.T, w *world) {
		w.input(t, `{}`).is(422).exactly(`{"detail":"- input: prompt is required\n","status":422,"title":"Input validation failed","invalid_fields":[{"type":"required","field":"input","description":"prompt is required"}]}`)
	}},
	{13, "too_many_outputs", func(t *testing.T, w *world) {
		w.input(t, `{"prompt":"x","num_outputs":5}`).invalid("number_lte|input.num_outputs|Must be less than or equal to 4")
	}},
	{14, "no_outputs", func(t *testing.T, w *world) {
		w.input(t, `{"prompt":"x","num_outputs":0}`).invalid("number_gte|input.num_outputs|Must be greater than or equal to 1")
	}},
	{15, "aspect_ratio", func(t *testing.T, w *world) {
		w.input(t, `{"prompt":"x","aspect_ratio":"7:3"}`).invalid("enum|input.aspect_ratio|aspect_ratio must be one of the following: " + ratios)
	}},
	{16, "prompt_is_a_number", func(t *testing.T, w *world) {
		w.input(t, `{"prompt":5}`).invalid("invalid_type|input.prompt|Invalid type. Expected: string, given: integer")
	}},
	{17, "seed_is_text", func(t *testing.T, w *world) {
		w.input(t, `{"prompt":"x","seed":"a"}`).invalid("invalid_type|input.seed|Invalid type. Expected: integer, given: string")
	}},
	{18, "seed_is_a_fraction", func(t *testing.T, w *world) {
		w.input(t, `{"prompt":"x","seed":1.5}`).invalid("invalid_type|input.seed|Invalid type. Expected: integer, given: number")
	}},
	{19, "seed_2.0", func(t *testing.T, w *world) { w.input(t, `{"prompt":"x","seed":2.0}`).is(201) }},
	{20, "seed_null", func(t *testing.T, w *world) {
		w.input(t, `{"prompt":"x","seed":null}`).invalid("invalid_type|input.seed|Invalid type. Expected: integer, given: null")
	}},
	{21, "go_fast_is_text", func(t *testing.T, w *world) {
		w.input(t, `{"prompt":"x","go_fast":"yes"}`).invalid("invalid_type|input.go_fast|Invalid type. Expected: boolean, given: string")
	}},
	{22, "image_is_no_uri", func(t *testing.T, w *world) {
		for _, image := range []string{"", "not a url"} {
			w.input(t, `{"prompt":"x","image":"`+image+`"}`).invalid("format|input.image|Does not match format 'uri'")
		}
		w.input(t, `{"prompt":"x","image":"easel-file:abc;http://x"}`).invalid("format|input.image|Does not match format 'uri'")
	}},
	{23, "image_is_no_base64", func(t *testing.T, w *world) {
		w.input(t, `{"prompt":"x","image":"data:image/png;base64,@@@"}`).invalid("format|input.image|Invalid data URI: illegal base64 data at input byte 0")
	}},
	{26, "unknown_key", func(t *testing.T, w *world) {
		if p := w.accepted(t, `{"prompt":"x","size":"1024x1024","n":[1]}`); p["input"].(object)["size"] != "1024x1024" {
			t.Errorf("input %v", p["input"])
		}
	}},
	{27, "input_is_a_list", func(t *testing.T, w *world) {
		w.input(t, `[]`).invalid("invalid_type|input|Invalid type. Expected: object, given: array")
	}},
	{28, "several_at_once", func(t *testing.T, w *world) {
		w.input(t, `{"num_outputs":9,"num_inference_steps":99}`).invalid("required|input|prompt is required",
			"number_lte|input.num_outputs|Must be less than or equal to 4", "number_lte|input.num_inference_steps|Must be less than or equal to 50")
	}},
	{29, "cut_off_body", func(t *testing.T, w *world) {
		w.do(t, "POST", model, `{"input":`).is(400).exactly(`{"detail":"Failed to parse request body as JSON: unexpected EOF","status":400}`)
	}},
	{30, "body_is_a_list", func(t *testing.T, w *world) {
		w.do(t, "POST", model, `[]`).invalid("invalid_type||Invalid type. Expected: object, given: array")
	}},
	{31, "no_body", func(t *testing.T, w *world) {
		w.do(t, "POST", model, "").is(400).exactly(`{"detail":"Failed to parse request body as JSON: EOF","status":400}`)
	}},
	{32, "body_over_the_limit", func(t *testing.T, w *world) {
		body := `{"input":{"prompt":"` + strings.Repeat("x", maxBody) + `"}}`
		if r := w.do(t, "POST", model, body).is(413); r.header.Get("Content-Type") != "application/problem+json" {
			t.Error(r.header)
		}
		w.do(t, "GET", "/v1/account", "").is(200)
		w.input(t, `{"prompt":"`+strings.Repeat("x", 600<<10)+`"}`).is(413)
	}},
	{33, "image_of_10_MB", func(t *testing.T, w *world) {
		image := "data:image/png;base64," + base64.StdEncoding.EncodeToString(make([]byte, 10_000_000))
		p := w.accepted(t, `{"prompt":"x","image":"`+image+`"}`)
		if p["input"].(object)["image"] != image {
			t.Error("the caller's own words do not come back")
		}
	}},
	{34, "wrong_content_type", func(t *testing.T, w *world) {
		w.do(t, "POST", model, `{"input":{"prompt":"x"}}`, "Content-Type", "text/plain").is(201)
	}},
	{0, "bad_bytes", func(t *testing.T, w *world) {
		w.do(t, "POST", model, "{\"input\":{\"prompt\":\"\xff\"}}").is(400).exactly(`{"detail":"Failed to parse request body as JSON: invalid UTF-8","status":400}`)
		deep := strings.Repeat("[", 200_000)
		w.do(t, "POST", model, `{"input":`+deep).is(400)
		w.input(t, `{"prompt":"x","deep":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`}`).is(201)
		w.do(t, "POST", model, `{"input":{"prompt":"x"}} trailing`).is(400)
		w.do(t, "POST", model, `null`).is(422)
		w.do(t, "POST", model, fmt.Sprintf(`{"input":{"prompt":"x"},"stream":%d}`, 1)).invalid("invalid_type|stream|Invalid type. Expected: boolean, given: integer")
	}},
}
