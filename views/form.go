package views

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"easel/internal/schema"
)

// Form is the inputs as the person left them.
type Form struct {
	Groups   []Group
	Examples []string // prompts to try
	Error    string   // what is wrong with the request as a whole
}

// Group is inputs that are thought of together. The untitled one is always open.
type Group struct {
	Title  string
	Open   bool
	Fields []Field
}

// Field is one input with its value and what is wrong with it.
type Field struct {
	schema.Field
	Value string
	Error string
	Void  string // why the value has no effect; "": it has one, or the script says so
}

// Values are what the fields hold, as text, by name. A missing one has its default.
type Values map[string]string

// FromInput reads values from a request's input.
func FromInput(input json.RawMessage) Values {
	var given map[string]any
	dec := json.NewDecoder(strings.NewReader(string(input)))
	dec.UseNumber()
	if dec.Decode(&given) != nil {
		return nil
	}
	values := Values{}
	for name, v := range given {
		if v != nil {
			values[name] = fmt.Sprint(v)
		}
	}
	return values
}

// groups say which inputs stand together; an input that none of them names
// gets a group of its own at the end.
var groups = []struct {
	title  string
	fields []string
}{
	{"", []string{"prompt", "aspect_ratio", "height", "width", "megapixels"}},
	{"Start from a picture", []string{"image", "mask", "prompt_strength"}},
	{"Model and sampling", []string{"model", "num_outputs", "num_inference_steps", "guidance_scale", "seed", "go_fast"}},
	{"LoRA", []string{"lora_scale", "extra_lora", "extra_lora_scale"}},
	{"Output", []string{"output_format", "output_quality", "disable_safety_checker"}},
}

// NewForm lays the schema's fields out. Errors are by field name; "" is the whole.
func NewForm(fields []schema.Field, values Values, errors map[string]string) Form {
	form := Form{Error: errors[""]}
	placed := map[string]bool{}
	add := func(title string, wanted func(schema.Field) bool) {
		g := Group{Title: title, Open: title == ""}
		for _, f := range fields {
			if placed[f.Name] || !wanted(f) {
				continue
			}
			placed[f.Name] = true
			field := newField(f, values, errors)
			g.Open = g.Open || field.Error != ""
			g.Fields = append(g.Fields, field)
		}
		if len(g.Fields) > 0 {
			form.Groups = append(form.Groups, g)
		}
	}
	for _, g := range groups {
		add(g.title, func(f schema.Field) bool { return contains(g.fields, f.Name) })
	}
	add("More", func(schema.Field) bool { return true })
	return form
}

func newField(f schema.Field, values Values, errors map[string]string) Field {
	value, given := values[f.Name]
	if !given && f.Default != nil {
		value = fmt.Sprint(f.Default)
	}
	return Field{Field: f, Value: value, Error: errors[f.Name]}
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// Gist is the group's values in a few words, for when it is closed.
func (g Group) Gist() string {
	var words []string
	for _, f := range g.Fields {
		if w := f.gist(); w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, " · ")
}

// gist tells choices always, and other values only where somebody set them.
func (f Field) gist() string {
	switch {
	case len(f.Enum) > 0:
		return f.Value
	case f.Value == "" || f.Default != nil && f.Value == fmt.Sprint(f.Default):
		return ""
	case f.Format == "uri", f.Type == "boolean":
		return f.Label()
	case f.Type == "string":
		return f.Value
	}
	return f.Label() + " " + f.Value
}

// glossary holds the words of a title that read better otherwise.
var glossary = map[string]string{"num": "number of", "lora": "LoRA"}

// Label is the title as a sentence: "Num Outputs" becomes "Number of outputs".
func (f Field) Label() string {
	words := strings.FieldsFunc(f.Title, func(r rune) bool { return r == ' ' || r == '_' })
	for i, w := range words {
		w = strings.ToLower(w)
		if better, ok := glossary[w]; ok {
			w = better
		}
		words[i] = w
	}
	label := strings.Join(words, " ")
	if label == "" || strings.HasPrefix(label, "LoRA") {
		return label
	}
	return strings.ToUpper(label[:1]) + label[1:]
}

// Checked says whether a boolean is on.
func (f Field) Checked() bool { return f.Value == "true" }

// Min, Max and Step are the attributes of a number's controls.
func (f Field) Min() string { return number(f.Minimum) }
func (f Field) Max() string { return number(f.Maximum) }
func (f Field) Step() string {
	lo, hi, ok := f.Bounds()
	switch {
	case f.Name == "width" || f.Name == "height":
		return "16" // other values are rounded to it
	case f.Type == "integer":
		return "1"
	case ok && hi-lo <= 1:
		return "0.01"
	}
	return "0.05"
}

func number(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}

// Placeholder shows what the control may hold.
func (f Field) Placeholder() string {
	if f.Name == "extra_lora" {
		return "huggingface.co/owner/name"
	}
	return ""
}

// Describes lists the ids that describe the field's control.
func (f Field) Describes() string { return "help-" + f.Name + " error-" + f.Name }

var ratio = regexp.MustCompile(`^(\d+):(\d+)$`)

// widget names the control that suits a field, from its type alone.
func (f Field) widget() string {
	lo, hi, bounded := f.Bounds()
	switch {
	case f.Format == "uri":
		return "picture"
	case len(f.Enum) > 0 && ratio.MatchString(f.Enum[0]):
		return "shapes"
	case len(f.Enum) > 0 && len(f.Enum) <= 4:
		return "segments"
	case len(f.Enum) > 0:
		return "select"
	case f.Type == "boolean":
		return "switch"
	case f.Type == "integer" && bounded && hi-lo < 5:
		return "segments"
	case f.Type != "string" && bounded:
		return "slider"
	case f.Type == "integer":
		return "seed"
	case f.Required:
		return "area"
	}
	return "text"
}

// choices are an enum's values, or a short range's.
func (f Field) choices() []string {
	if lo, hi, ok := f.Bounds(); ok {
		var all []string
		for v := lo; v <= hi; v++ {
			all = append(all, number(&v))
		}
		return all
	}
	return f.Enum
}
