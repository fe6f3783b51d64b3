package schema

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/xeipuuv/gojsonschema"
)

// Violation is one rule that an input breaks, in Replicate's words: Type is
// gojsonschema's name of the rule, Field the path ("input.num_outputs", or
// "input" when a field is missing from it).
type Violation struct {
	Type        string `json:"type"`
	Field       string `json:"field"`
	Description string `json:"description"`
}

// Invalid lists everything wrong with an input.
type Invalid struct{ Violations []Violation }

// Error is the "detail" of Replicate's answer: one line a violation.
func (e *Invalid) Error() string {
	var b strings.Builder
	for _, v := range e.Violations {
		b.WriteString("- ")
		if v.Field != "" {
			b.WriteString(v.Field + ": ")
		}
		b.WriteString(v.Description + "\n")
	}
	return b.String()
}

func invalid(found []Violation) error {
	if len(found) == 0 {
		return nil
	}
	sort.SliceStable(found, func(i, j int) bool { return rank(found[i].Field) < rank(found[j].Field) })
	return &Invalid{found}
}

// rank orders violations as the form does, those of the whole input first.
func rank(field string) int {
	f, ok := Lookup(strings.TrimPrefix(field, "input."))
	if !ok {
		return -1
	}
	return f.Order
}

// maxSafe is the largest integer that JSON's usual reader, JavaScript, holds exactly.
const maxSafe = 1<<53 - 1

// maxNumber bounds a number's digits before anything computes with them:
// exact arithmetic on "1e900000" would take seconds.
const maxNumber = 40

// validate checks a JSON object against the schema and keeps the known keys.
func validate(raw []byte) (map[string]any, error) {
	var doc any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil && err != io.EOF {
		return nil, &Invalid{[]Violation{{"invalid_type", "input", "Invalid JSON: " + err.Error()}}}
	}
	values, ok := doc.(map[string]any)
	if ok {
		values = known(values)
		if found := oversized(values); found != nil {
			return nil, &Invalid{found}
		}
		doc = values
	}
	result, err := compiled().Validate(gojsonschema.NewGoLoader(doc))
	if err != nil {
		return nil, &Invalid{[]Violation{{"invalid_type", "input", "Invalid type. Expected: object, given: null"}}}
	}
	var found []Violation
	for _, e := range result.Errors() {
		found = append(found, Violation{e.Type(), path(e.Field()), e.Description()})
	}
	if err := invalid(found); err != nil {
		return nil, err
	}
	return values, nil
}

func path(field string) string {
	if field == gojsonschema.STRING_CONTEXT_ROOT || field == "" {
		return "input"
	}
	return "input." + field
}

func known(values map[string]any) map[string]any {
	kept := make(map[string]any, len(values))
	for _, f := range inputs {
		if v, ok := values[f.Name]; ok {
			kept[f.Name] = v
		}
	}
	return kept
}

// oversized finds numbers that no field can mean.
func oversized(values map[string]any) (found []Violation) {
	for _, f := range inputs {
		n, ok := values[f.Name].(json.Number)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(n.String(), 64)
		switch {
		case err != nil || len(n) > maxNumber && math.Abs(v) > maxSafe || v > maxSafe:
			found = append(found, Violation{"number_lte", "input." + f.Name, "Must be less than or equal to " + strconv.FormatInt(maxSafe, 10)})
		case v < -maxSafe:
			found = append(found, Violation{"number_gte", "input." + f.Name, "Must be greater than or equal to -" + strconv.FormatInt(maxSafe, 10)})
		case math.Abs(v) < 1e-300 && strings.ContainsAny(mantissa(n), "123456789"), len(n) > maxNumber:
			found = append(found, Violation{"invalid_type", "input." + f.Name, "Must be written with at most " + strconv.Itoa(maxNumber) + " digits"})
		}
	}
	return found
}

func mantissa(n json.Number) string {
	digits, _, _ := strings.Cut(strings.ToLower(n.String()), "e")
	return digits
}

// compiled is the input schema, ready to validate.
var compiled = sync.OnceValue(func() *gojsonschema.Schema {
	s, err := gojsonschema.NewSchema(gojsonschema.NewGoLoader(inputSchema()))
	if err != nil {
		panic("schema: the input schema does not compile: " + err.Error()) // a test holds it
	}
	return s
})
