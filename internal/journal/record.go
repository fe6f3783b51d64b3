package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/s2"

	"easel/internal/prediction"
)

// A record is stored as its JSON without logs, a line feed, and the logs as
// they are: the history needs only the first part, and need not decode it all.

func encodeRecord(p prediction.Prediction) ([]byte, error) {
	logs := p.Logs
	p.Logs = ""
	data, err := encode(p)
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	return append(append(data, '\n'), logs...), nil
}

func decodeRecord(data []byte) (p prediction.Prediction, err error) {
	head, logs, _ := bytes.Cut(data, []byte("\n"))
	if err := json.Unmarshal(head, &p); err != nil {
		return p, fmt.Errorf("decode record: %w", err)
	}
	p.Logs = string(logs)
	return p, nil
}

// encode is json.Marshal without its escapes for HTML, which would make a
// caller's "<" six bytes long.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// row is a record in the history: what queries look at, and the rest packed.
type row struct {
	key
	rev    uint64
	status prediction.Status
	source string
	prompt string // lower case
	grams  grams  // of prompt
	due    int64  // deadline in Unix microseconds; 0: none
	files  bool   // has some
	packed []byte
}

// key orders rows: by time, then by id.
type key struct {
	at int64 // of creation, in Unix microseconds
	id string
}

// newRow reads the few fields that queries look at.
func newRow(record []byte, rev uint64) (*row, error) {
	head, _, _ := bytes.Cut(record, []byte("\n"))
	var p struct {
		ID        string
		Status    prediction.Status
		Source    string
		CreatedAt time.Time `json:"created_at"`
		Deadline  time.Time
		Files     json.RawMessage
		Output    json.RawMessage
		Input     json.RawMessage
	}
	if err := json.Unmarshal(head, &p); err != nil {
		return nil, fmt.Errorf("decode record: %w", err)
	}
	var input struct{ Prompt string }
	json.Unmarshal(p.Input, &input) // a prompt that is no string cannot be searched for
	prompt := strings.ToLower(input.Prompt)
	r := &row{
		key: key{p.CreatedAt.UnixMicro(), p.ID}, rev: rev,
		status: intern(p.Status), source: intern(p.Source), prompt: prompt, grams: gramsOf(prompt),
		files: len(p.Files)+len(p.Output) > 0, packed: slices.Clone(dictionary.Encode(nil, head)), // without spare room
	}
	if !p.Deadline.IsZero() {
		r.due = p.Deadline.UnixMicro()
	}
	return r, nil
}

func (r *row) record() (p prediction.Prediction, err error) {
	data, err := dictionary.Decode(nil, r.packed)
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		return p, fmt.Errorf("record %s: %w", r.id, err)
	}
	return p, nil
}

// intern keeps one copy of the few words that all rows share.
func intern[S ~string](s S) S {
	for _, word := range []S{"starting", "processing", "succeeded", "failed", "canceled", "api", "web"} {
		if s == word {
			return word
		}
	}
	return s
}

// dictionary holds what records have in common, which is most of them.
var dictionary = s2.MakeDict([]byte(`,"num_outputs":1,"num_inference_steps":28,"guidance_scale":3.5,"output_format":"webp","output_quality":90,`+
	`"aspect_ratio":"1:1","megapixels":"1","model":"dev","lora_scale":1,"go_fast":true,"prompt_strength":0.8,"extra_lora_scale":1,`+
	`"disable_safety_checker":false,"image":"mask":"seed":"status":"failed","error":"status":"canceled","source":"web",`+
	`"deadline":"202 "files":["webhook":"https://"webhook_events_filter":["completed"],"data_removed":true,"held":true,`+
	`{"id":"06h0","model":"easel/emoji","version":"","status":"succeeded","input":{"prompt":"a "},"output":[""],"source":"api",`+
	`"created_at":"2026-","started_at":"2026-","completed_at":"2026-","attempts":1,"stream_token":"","easel":{"seeds":[],`+
	`"timings":{"text":0.0,"steps":0.0,"preview":0.0,"decode":0.0,"safety":0.0,"save":0.0,"total":0.},`+
	`"verdicts":[{"flagged":false,"score":0.0}]}}`), nil)
