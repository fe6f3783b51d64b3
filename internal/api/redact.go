package api

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"easel/internal/prediction/inputfile"
	"easel/internal/schema"
)

const redacted = "[REDACTED]"

// secretKeys are query parameters that carry a caller's key, as on download
// addresses of LoRA files.
var secretKeys = []string{"token", "access_token", "api_key", "apikey", "key"}

// redact takes secrets out of an input before anyone reads it back: fields
// that the schema calls passwords, and keys within addresses.
func redact(raw json.RawMessage) (json.RawMessage, error) {
	return inputfile.Rewrite(raw, func(name, value string) (string, error) {
		if f, ok := schema.Lookup(name); ok && f.Format == "password" {
			return redacted, nil
		}
		if !strings.Contains(value, "?") && !strings.Contains(value, "@") || len(value) > 4096 {
			return value, nil
		}
		u, err := url.Parse(value)
		if err != nil || u.Host == "" {
			return value, nil
		}
		return redactURL(u, value), nil
	})
}

func redactURL(u *url.URL, as string) string {
	found := false
	if _, has := u.User.Password(); has {
		u.User, found = url.UserPassword(u.User.Username(), redacted), true
	}
	query := u.Query()
	for key := range query {
		if slices.Contains(secretKeys, strings.ToLower(key)) {
			query[key], found = []string{redacted}, true
		}
	}
	if !found {
		return as
	}
	u.RawQuery = query.Encode()
	return u.String()
}
