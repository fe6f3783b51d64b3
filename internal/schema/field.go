// Package schema describes the inputs of a prediction once.
//
// The form, the validation, the OpenAPI document, the command line and the
// snippets all read this one description. Names, types, ranges and defaults
// are those of Replicate's FLUX.1 LoRA models, so that their callers work
// unchanged.
package schema

// Field is one input.
type Field struct {
	Name        string
	Title       string
	Type        string // "string", "integer", "number" or "boolean"
	Format      string // "uri" or ""
	Description string
	Enum        []string
	Default     any // nil: none
	Minimum     *float64
	Maximum     *float64
	Order       int // x-order: place in the form, from 0
	Required    bool
}

// Bounds holds where both ends of a range are known, which a slider needs.
func (f Field) Bounds() (lo, hi float64, ok bool) {
	if f.Minimum == nil || f.Maximum == nil {
		return 0, 0, false
	}
	return *f.Minimum, *f.Maximum, true
}

// hiddenOrder is the place that a fine-tuned model's own weights take on
// Replicate. It is set by the version, never by a caller, so no field has it
// and the published orders skip it.
const hiddenOrder = 17

// Fields lists the inputs in the order of the form.
func Fields() []Field {
	fields := make([]Field, len(inputs))
	for i, f := range inputs {
		f.Order = i
		if i >= hiddenOrder {
			f.Order++
		}
		fields[i] = f
	}
	return fields
}

// Lookup finds a field by name.
func Lookup(name string) (Field, bool) {
	for _, f := range Fields() {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

func at(v float64) *float64 { return &v }
