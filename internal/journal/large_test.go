package journal_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

var large = flag.Int("history", 10_000, "how many predictions TestLargeHistory has")

// TestLargeHistory holds the bars of a full history of 100,000: first page
// within 20 ms, search within 50 ms, 150 MiB more memory than with none.
func TestLargeHistory(t *testing.T) {
	full := t.TempDir()
	fill(t, full, *large, 0)
	k := &killing{t: t, http: &http.Client{Timeout: time.Minute}}

	empty, _ := k.start(t.TempDir())
	base := residentMiB(t, empty)
	empty.kill()

	server, took := k.start(full)
	defer server.kill()
	t.Logf("%d predictions: first answer after %v", *large, took)
	if limit := bar(2 * time.Second); took > limit {
		t.Errorf("start took %v, want %v", took, limit)
	}
	for _, c := range []struct {
		name, query string
		limit       time.Duration
	}{
		{"first page", "", 20 * time.Millisecond},
		{"search, many found", "?search=red+cat", 50 * time.Millisecond},
		{"search, one found", "?search=number+" + fmt.Sprint(*large/2) + ",", 50 * time.Millisecond},
		{"search, none found", "?search=elephant", 50 * time.Millisecond},
	} {
		var median time.Duration
		if err := k.call(t.Context(), "GET", server.url+"/timed"+c.query, nil, &median); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %v", c.name, median)
		if median > bar(c.limit) {
			t.Errorf("%s took %v, want %v", c.name, median, bar(c.limit))
		}
	}
	more := residentMiB(t, server) - base
	t.Logf("resident memory: %d MiB without, %d MiB more with", base, more)
	if limit := 150 * *large / 100_000; more > max(limit, 100) { // a small history is lost in the noise
		t.Errorf("%d MiB more, want %d", more, limit)
	}
}

// residentMiB reads a process's resident memory, where the system tells.
func residentMiB(t *testing.T, v *victim) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.cmd.Process.Pid))
	if err != nil {
		t.Skip("no /proc here")
	}
	for line := range strings.Lines(string(status)) {
		var kb int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kb); n == 1 {
			return kb >> 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}
