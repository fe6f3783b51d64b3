package main

import (
	"runtime"
	"strings"
	"testing"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]size{
		"0": 0, "17179869184": 16 << 30, "16GiB": 16 << 30, "1.5 GiB": 3 << 29, "512MiB": 512 << 20, "20GB": 20e9, "1KiB": 1024, "7B": 7,
	} {
		var s size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q: got %d, %v, want %d", text, s, err, want)
		}
	}
	for _, text := range []string{"", "GiB", "-1", "16 gigs", "1e30", "NaN", "InfGiB"} {
		var s size
		if err := s.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "such as 16GiB") {
			t.Errorf("%q: got %d, %v", text, s, err)
		}
	}
	var c commands
	if _, err := parser(t, &c).Parse([]string{"serve", "--memory", "16GiB", "--bits", "4"}); err != nil || c.Serve.Memory != 16<<30 || c.Serve.Bits != 4 {
		t.Errorf("--memory %d --bits %d, %v", c.Serve.Memory, c.Serve.Bits, err)
	}
	if _, err := parser(t, &commands{}).Parse([]string{"serve", "--bits", "5"}); err == nil {
		t.Error("5 bits were taken")
	}
}

func TestMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("known on Linux only")
	}
	own, files := resident()
	if total := memory(); total <= 0 || own <= 0 || files <= 0 || own+files > total || peakResident() < own {
		t.Errorf("of %d bytes, %d are allocated, %d of files, %d at most", total, own, files, peakResident())
	}
}
