package engine

import (
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	e := open(t, Options{Dev: tiny})
	short, err := e.Tokens(Dev, "a 3d emoji of a rocket")
	if err != nil || short.Count == 0 || short.Count > short.Limit || short.Kept != len("a 3d emoji of a rocket") {
		t.Errorf("a short prompt: %+v, %v", short, err)
	}
	long := strings.Repeat("a rocket, ", 4*short.Limit)
	cut, err := e.Tokens(Dev, long)
	if err != nil || cut.Count <= cut.Limit || cut.Kept == 0 || cut.Kept >= len(long) {
		t.Fatalf("a long prompt: %+v, %v", cut, err)
	}
	if kept, _ := e.Tokens(Dev, long[:cut.Kept]); kept.Count > kept.Limit {
		t.Errorf("what is kept has %d tokens, limit %d", kept.Count, kept.Limit)
	}
	if _, err := e.Tokens("pro", "x"); err == nil {
		t.Error("an unknown variant has tokens")
	}
}
