package picture

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// CleanInput makes a prediction's input fit to be carried in a public file, as
// canonical JSON. Pictures (by input name) are replaced by the SHA-256 of
// their bytes; of every other value but the prompt that is an address, only
// what names the thing stays: see CleanAddress.
func CleanInput(input []byte, pictures map[string][]byte) (json.RawMessage, error) {
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(input))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return nil, fmt.Errorf("clean input: %w", err)
	}
	for name, value := range fields {
		if text, ok := value.(string); ok && name != "prompt" {
			fields[name] = CleanAddress(text)
		}
		if data := pictures[name]; data != nil {
			fields[name] = sum(data)
		}
	}
	return canonical(fields)
}

var (
	hasScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	isLocal   = regexp.MustCompile(`^(?i:file:|/|\\\\|~|\.\.?[/\\]|[a-z]:[/\\])`)
)

// CleanAddress takes from an address what is nobody's business: a data URI
// becomes its SHA-256; a URL loses user, password, query and fragment; a local
// path keeps its last element. Anything else stays.
func CleanAddress(s string) string {
	switch {
	case IsDataURI(s):
		if data, err := DecodeDataURI(s, len(s)); err == nil {
			return sum(data)
		}
		return sum([]byte(s))
	case isLocal.MatchString(s):
		return path.Base(strings.ReplaceAll(s, `\`, "/"))
	}
	if hasScheme.MatchString(s) {
		u, err := url.Parse(s)
		if err != nil {
			return sum([]byte(s))
		}
		return u.Scheme + "://" + u.Host + u.EscapedPath()
	}
	// An address without a scheme, such as huggingface.co/owner/name?token=…
	s, _, _ = strings.Cut(s, "?")
	s, _, _ = strings.Cut(s, "#")
	if host, rest, ok := strings.Cut(s, "/"); ok && strings.Contains(host, "@") {
		s = host[strings.LastIndex(host, "@")+1:] + "/" + rest
	}
	return s
}

func sum(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }
