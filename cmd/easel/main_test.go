package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

func parser(t *testing.T, c *commands) *kong.Kong {
	t.Helper()
	p, err := kong.New(c, options()...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCommandLine(t *testing.T) {
	t.Setenv("EASEL_TOKENS", "anna=secret-one,bert=secret-two")
	t.Setenv("EASEL_THREADS", "3")
	var c commands
	if _, err := parser(t, &c).Parse([]string{"serve", "--addr", "127.0.0.1:4000", "--name", "me/flux"}); err != nil {
		t.Fatal(err)
	}
	if c.Serve.Addr != "127.0.0.1:4000" || c.Serve.Name != "me/flux" || c.Serve.Threads != 3 || c.Serve.Device != "auto" || c.Serve.SafetyThreshold == 0 {
		t.Errorf("serve: %+v", c.Serve)
	}
	if diff := cmp.Diff([]string{"anna=secret-one", "bert=secret-two"}, c.Serve.Token); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	for line, want := range map[string]string{
		"serve --device tpu":           "--device must be one of",
		"serve --dev /nowhere":         "/nowhere",
		"serve --threads two":          "--threads",
		"worker --safety-threshold 80": "must be between 0 and 1",
		"generate x --colour red":      "unknown flag --colour",
		"paint":                        "unexpected argument paint",
	} {
		if _, err := parser(t, &commands{}).Parse(strings.Fields(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("easel %s: error %v, want %q", line, err, want)
		}
	}
}

func TestTokensByName(t *testing.T) {
	got, err := tokensByName([]string{"anna=secret-one", "c2VjcmV0LXR3bw=="})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"anna": "secret-one", "default": "c2VjcmV0LXR3bw=="}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := tokensByName([]string{"secret-one", "secret-two"}); err == nil {
		t.Error("two tokens of one name were taken")
	}
}

func TestInputsFromTheCommandLine(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	got, err := inputs([]string{"seed=42", "image=cat.png", "mask=https://example.com/a=b.png", "extra_lora=42", "go_fast=yes"})
	if err != nil {
		t.Fatal(err)
	}
	if got["image"] != "file://"+filepath.ToSlash(filepath.Join(here, "cat.png")) || got["mask"] != "https://example.com/a=b.png" || got["extra_lora"] != "42" || got["go_fast"] != "yes" {
		t.Errorf("inputs: %v", got)
	}
	for pair, want := range map[string]string{"seed": "write it as name=value", "colour=red": "there is no such input"} {
		if _, err := inputs([]string{pair}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("-i %s: error %v, want %q", pair, err, want)
		}
	}
}
