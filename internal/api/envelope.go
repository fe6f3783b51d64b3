package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"sort"
	"sync"

	"github.com/xeipuuv/gojsonschema"

	"easel/internal/schema"
)

// envelope is the body of a create request, around the input.
type envelope struct {
	Version          string          `json:"version"`
	Input            json.RawMessage `json:"input"`
	Webhook          string          `json:"webhook"`
	WebhookEvents    []string        `json:"webhook_events_filter"`
	WebhookCompleted string          `json:"webhook_completed"` // replicate-python before 0.5
	Stream           bool            `json:"stream"`            // deprecated; says that urls.stream is wanted
}

type object = map[string]any

// envelopeSchema is closed: unknown keys beside "input" are errors, while
// unknown keys in it are ignored.
func envelopeSchema(required ...string) *gojsonschema.Schema {
	link := object{"type": "string", "format": "uri"}
	properties := object{
		"input":   object{"type": "object"},
		"webhook": link, "webhook_completed": link,
		"webhook_events_filter": object{"type": "array", "items": object{"type": "string", "enum": []string{"start", "output", "logs", "completed"}}},
		"stream":                object{"type": "boolean"},
	}
	for _, name := range required {
		if properties[name] == nil {
			properties[name] = object{"type": "string"}
		}
	}
	s, err := gojsonschema.NewSchema(gojsonschema.NewGoLoader(object{
		"type": "object", "properties": properties, "required": required, "additionalProperties": false,
	}))
	if err != nil {
		panic("api: the envelope schema does not compile: " + err.Error()) // every test would fail
	}
	return s
}

var (
	withVersion = sync.OnceValue(func() *gojsonschema.Schema { return envelopeSchema("version", "input") })
	withModel   = sync.OnceValue(func() *gojsonschema.Schema { return envelopeSchema("input") })
)

// parseEnvelope validates a create body in Replicate's words.
func parseEnvelope(body []byte, shape *gojsonschema.Schema) (envelope, error) {
	var e envelope
	raw, err := decodeOne(body)
	if err != nil {
		return e, err
	}
	doc, err := outline(raw)
	if err != nil {
		return e, errJSON(err)
	}
	result, err := shape.Validate(gojsonschema.NewGoLoader(doc))
	if err != nil {
		return e, errJSON(errors.New("null is not an object"))
	}
	found := violations(result)
	if !result.Valid() {
		return e, &schema.Invalid{Violations: found}
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return e, errJSON(err)
	}
	if e.Webhook == "" {
		e.Webhook = e.WebhookCompleted
		if e.Webhook != "" {
			e.WebhookEvents = []string{"completed"}
		}
	}
	if u, err := url.Parse(e.Webhook); e.Webhook != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return e, &schema.Invalid{Violations: []schema.Violation{{Type: "format", Field: "webhook", Description: "Does not match format 'uri'"}}}
	}
	return e, nil
}

// outline is the body as the validator needs it: the input only as its kind,
// for it may hold megabytes that the schema package reads anyway.
func outline(raw json.RawMessage) (any, error) {
	if raw[0] != '{' {
		return number(raw)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return nil, err
	}
	doc := make(object, len(keys))
	for name, v := range keys {
		if name == "input" && v[0] == '{' {
			v = json.RawMessage("{}")
		}
		var err error
		if doc[name], err = number(v); err != nil {
			return nil, err
		}
	}
	return doc, nil
}

// number decodes a value and keeps its numbers as written, so that the
// validator can tell integers from fractions.
func number(raw json.RawMessage) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

// violations turns the validator's findings into Replicate's, missing keys first.
func violations(result *gojsonschema.Result) (found []schema.Violation) {
	for _, e := range result.Errors() {
		field := e.Field()
		if field == gojsonschema.STRING_CONTEXT_ROOT {
			field = ""
		}
		found = append(found, schema.Violation{Type: e.Type(), Field: field, Description: e.Description()})
	}
	rank := func(v schema.Violation) string {
		if v.Type == "required" {
			return "0" + v.Description
		}
		return "1" + v.Field + v.Description
	}
	sort.SliceStable(found, func(i, j int) bool { return rank(found[i]) < rank(found[j]) })
	return found
}
