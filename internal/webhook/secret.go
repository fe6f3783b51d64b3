// Package webhook tells predictions to addresses that their callers gave.
//
// A call is signed as Standard Webhooks says. What happens on the way is told
// once and lost if nobody listens; the end is told again until somebody does,
// over a restart too.
package webhook

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Secret signs webhooks; nil signs nothing.
type Secret []byte

const secretPrefix = "whsec_"

// String is the form that receivers configure: standard base64, for clients
// split it at its only underscore.
func (s Secret) String() string { return secretPrefix + base64.StdEncoding.EncodeToString(s) }

// LoadSecret reads the secret at path, or makes one there.
func LoadSecret(path string) (Secret, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return makeSecret(path)
	} else if err != nil {
		return nil, fmt.Errorf("load webhook secret: %w", err)
	}
	encoded, ok := strings.CutPrefix(string(bytes.TrimSpace(text)), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) == 0 {
		return nil, fmt.Errorf("load webhook secret: %s must hold %s and standard base64", path, secretPrefix)
	}
	return key, nil
}

// makeSecret writes a whole file or none.
func makeSecret(path string) (Secret, error) {
	key := make(Secret, 32)
	rand.Read(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make webhook secret: %w", err)
	}
	temp := path + ".new"
	if err := os.WriteFile(temp, []byte(key.String()+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("make webhook secret: %w", err)
	}
	if err := os.Rename(temp, path); err != nil {
		return nil, fmt.Errorf("make webhook secret: %w", err)
	}
	return key, nil
}

// sign adds the headers that prove who sent a body, and when.
func (s Secret) sign(h http.Header, id string, at time.Time, body []byte) error {
	hook, err := standardwebhooks.NewWebhookRaw(s)
	if err != nil {
		return err
	}
	signature, err := hook.Sign(id, at, body)
	if err != nil {
		return err
	}
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return nil
}
