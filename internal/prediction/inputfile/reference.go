// Package inputfile keeps pictures out of records and messages.
//
// A data URI in an input becomes a stored file at the door, and so does the
// address of a file that this server holds already. What stands in the record
// is a Reference; readers get the caller's own words back from Echo.
package inputfile

import (
	"bytes"
	"encoding/json"
	"strings"
)

const scheme = "easel-file:"

// Reference stands in a record's input for a stored file. It is a valid URI.
type Reference struct {
	Token string // of the file
	Echo  string // what the caller sent: an address, or a data URI's head up to its comma
}

func (r Reference) String() string { return scheme + r.Token + ";" + r.Echo }

// Parse reads a Reference from an input's value.
func Parse(s string) (Reference, bool) {
	rest, ok := strings.CutPrefix(s, scheme)
	if !ok {
		return Reference{}, false
	}
	token, echo, ok := strings.Cut(rest, ";")
	return Reference{token, echo}, ok && token != ""
}

// Rewrite replaces the strings at the top of a JSON object, in order, by what
// change makes of them. Everything else stays as it was written.
func Rewrite(raw json.RawMessage, change func(name, value string) (string, error)) (json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return raw, err
	}
	out := bytes.NewBuffer(make([]byte, 0, min(len(raw), 4096)))
	out.WriteByte('{')
	for first := true; dec.More(); first = false {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		name := key.(string) // of an object's key, always
		if value[0] == '"' {
			var s string
			if err := json.Unmarshal(value, &s); err != nil {
				return nil, err
			}
			changed, err := change(name, s)
			if err != nil {
				return nil, err
			}
			if changed != s {
				value = quote(changed)
			}
		}
		if !first {
			out.WriteByte(',')
		}
		out.Write(quote(name))
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// quote is a JSON string with <, > and & as they are.
func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string into memory always encodes
	return bytes.TrimRight(b.Bytes(), "\n")
}
