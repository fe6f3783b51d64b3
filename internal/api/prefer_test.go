package api

import (
	"net/http"
	"testing"
	"time"
)

func TestParsePrefer(t *testing.T) {
	for text, want := range map[string]preference{
		"":                      {},
		"wait":                  {hold: 58 * time.Second, applied: "wait"},
		"Wait":                  {hold: 58 * time.Second, applied: "wait"},
		"wait=10":               {hold: 10 * time.Second, applied: "wait=10"},
		`wait="10"`:             {hold: 10 * time.Second, applied: "wait=10"},
		"wait=60":               {hold: 58 * time.Second, applied: "wait=60"},
		"wait=61":               {hold: 58 * time.Second, applied: "wait=60"},
		"wait=0":                {},
		"wait=-1":               {},
		"wait=x":                {},
		"wait=":                 {},
		"respond-async":         {async: true},
		"respond-async, wait=5": {async: true, hold: 5 * time.Second, applied: "wait=5"},
		"return=minimal":        {},
	} {
		if got := parsePrefer(http.Header{"Prefer": {text}}); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func FuzzEnvelope(f *testing.F) {
	for _, seed := range []string{`{"version":"a/b","input":{"prompt":"x"}}`, `{"input":[],"webhook":"x"}`, `[]`, `null`, `{"webhook_events_filter":["done",1]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := parseEnvelope(body, withVersion())
		if err == nil && (e.Version == "" && len(e.Input) == 0) {
			t.Errorf("%q is taken for %+v", body, e)
		}
	})
}
