package picture

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
)

// IsDataURI tells whether an input carries its file within itself.
func IsDataURI(s string) bool {
	return len(s) >= 5 && strings.EqualFold(s[:5], "data:")
}

// DecodeDataURI returns the bytes of a data URI, at most limit of them. The
// media type is not looked at. It is lenient where clients are careless:
// ";base64" may be missing, either base64 alphabet will do, padding and line
// breaks do not matter, and the payload may be percent-encoded on top.
func DecodeDataURI(uri string, limit int) ([]byte, error) {
	if !IsDataURI(uri) {
		return nil, fmt.Errorf("this is not a data URI")
	}
	head, payload, ok := strings.Cut(uri[5:], ",")
	if !ok {
		return nil, fmt.Errorf("the data URI has no comma before its data")
	}
	if len(payload)/4*3 > limit+2 && !strings.Contains(payload[:min(len(payload), 1024)], "%") || len(payload) > 4*limit {
		return nil, fmt.Errorf("the data URI holds more than the limit of %d bytes", limit)
	}
	raw := payload
	if strings.Contains(payload, "%") {
		unescaped, err := url.PathUnescape(payload)
		if err != nil {
			return nil, fmt.Errorf("the data URI is badly escaped: %w", err)
		}
		raw = unescaped
	}
	var data []byte
	if _, err := sniff([]byte(raw)); err == nil && !strings.HasSuffix(strings.ToLower(head), ";base64") {
		data = []byte(raw)
	} else if data, err = base64.RawStdEncoding.DecodeString(tidyBase64(raw)); err != nil {
		return nil, fmt.Errorf("the data URI is not valid base64: %w", err)
	}
	if len(data) > limit {
		return nil, fmt.Errorf("the data URI holds %d bytes; the limit is %d", len(data), limit)
	}
	return data, nil
}

// tidyBase64 brings both alphabets to the standard one, and drops white space and padding.
func tidyBase64(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '-':
			return '+'
		case '_':
			return '/'
		case ' ', '\t', '\r', '\n':
			return -1
		}
		return r
	}, s)
	return strings.TrimRight(s, "=")
}
