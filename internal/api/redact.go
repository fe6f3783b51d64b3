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
// addresses of LoRA files, or that sign an address of a cloud's store.
var secretKeys = []string{
	"token", "access_token", "auth_token", "api_key", "apikey", "key", "secret", "password", "auth",
	"sig", "signature", "x-amz-signature", "x-amz-security-token", "x-goog-signature",
}

// redact takes secrets out of an input before anyone reads it back: fields
// that the schema calls passwords, and keys within addresses.
func redact(raw json.RawMessage) (json.RawMessage, error) {
	return inputfile.Rewrite(raw, func(name, value string) (string, error) {
		if f, ok := schema.Lookup(name); ok && f.Format == "password" {
			return redacted, nil
		}
		if name == "prompt" || !strings.ContainsAny(value, "?@") || strings.ContainsAny(value, " \n") || strings.HasPrefix(value, "data:") {
			return value, nil // no address, or one without secrets
		}
		return redactAddress(value), nil
	})
}

// redactAddress reads what has no scheme as well: LoRA files may be named so.
func redactAddress(as string) string {
	whole, bare := as, !strings.Contains(as, "://")
	if bare {
		whole = "https://" + as
	}
	u, err := url.Parse(whole)
	if err != nil || u.Host == "" {
		return as
	}
	found := false
	if _, has := u.User.Password(); has {
		u.User, found = url.UserPassword(u.User.Username(), redacted), true
	} else if u.User != nil { // a token alone
		u.User, found = url.User(redacted), true
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
	if bare {
		return strings.TrimPrefix(u.String(), "https://")
	}
	return u.String()
}
