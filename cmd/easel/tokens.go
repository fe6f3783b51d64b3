package main

import (
	"fmt"
	"regexp"
	"strings"
)

// minToken is the fewest characters of a token: fewer could be guessed.
const minToken = 8

var tokenName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// tokensByName reads "name=token" and plain tokens, which get the name "default".
func tokensByName(given []string) (map[string]string, error) {
	tokens := map[string]string{}
	for _, g := range given {
		name, token, ok := strings.Cut(g, "=")
		if !ok || !tokenName.MatchString(name) || len(token) < minToken {
			name, token = "default", g // base64 ends in "=", too
		}
		if len(token) < minToken {
			return nil, fmt.Errorf("--token: a token has at least %d characters", minToken)
		}
		if _, twice := tokens[name]; twice {
			return nil, fmt.Errorf("--token: there are two tokens named %s; write name=token", name)
		}
		tokens[name] = token
	}
	return tokens, nil
}
