package views

import "easel/internal/schema"

// Playground is the page with the form and the output side by side.
type Playground struct {
	Page
	Model Model
	Form  Form
	Run   Run

	Recent []Card // the last pictures, to go back to
}

// Settings is what the script needs to know, embedded as JSON.
type Settings struct {
	Model    string                       `json:"model"`  // owner/name
	Create   string                       `json:"create"` // path that creates a prediction
	Fields   []FieldSettings              `json:"fields"`
	Sizes    map[string]map[string][2]int `json:"sizes"` // megapixels → ratio → width, height
	Examples []string                     `json:"examples"`
}

// FieldSettings is a field as the script validates it.
type FieldSettings struct {
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Type     string   `json:"type"`
	Format   string   `json:"format,omitempty"`
	Enum     []string `json:"enum,omitempty"`
	Default  any      `json:"default,omitempty"`
	Minimum  *float64 `json:"minimum,omitempty"`
	Maximum  *float64 `json:"maximum,omitempty"`
	Required bool     `json:"required,omitempty"`
}

// NewSettings describes the model's inputs to the script.
func NewSettings(m Model, fields []schema.Field) Settings {
	s := Settings{Model: m.Path(), Create: m.CreatePath(), Examples: m.Examples, Sizes: map[string]map[string][2]int{}}
	for _, f := range fields {
		s.Fields = append(s.Fields, FieldSettings{Name: f.Name, Label: Field{Field: f}.Label(), Type: f.Type, Format: f.Format,
			Enum: f.Enum, Default: f.Default, Minimum: f.Minimum, Maximum: f.Maximum, Required: f.Required})
		if f.Name == "megapixels" {
			for _, m := range f.Enum {
				s.Sizes[m] = schema.Sizes(m)
			}
		}
	}
	return s
}
