package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"easel/internal/journal/journaltest"
)

var large = flag.Int("history", 10_000, "how many predictions TestLargeHistory has")

// TestLargeHistory holds the bars of a full history of 100,000: first page
// within 20 ms, search within 50 ms, 150 MiB more memory than with none.
func TestLargeHistory(t *testing.T) {
	full := t.TempDir()
	journaltest.Fill(t, filepath.Join(full, "journal"), *large, journaltest.Past{})

	empty := serve(t, t.TempDir())
	base := empty.residentMiB()
	empty.kill()

	p := serve(t, full)
	must[pageOf[told]](p, "GET", "/v1/predictions", "")
	took := time.Since(p.began)
	t.Logf("%d predictions: first answer after %v", *large, took)
	if limit := bar(max(2*time.Second, 2*time.Second*time.Duration(*large/10_000))); took > limit { // the bar is of 10,000
		t.Errorf("start took %v, want %v", took, limit)
	}
	for _, c := range []struct {
		name, query string
		limit       time.Duration
	}{
		{"first page", "", 20 * time.Millisecond},
		{"search, many found", "?search=red+cat", 50 * time.Millisecond},
		{"search, one found", fmt.Sprintf("?search=number+%d,", *large/2), 50 * time.Millisecond},
		{"search, none found", "?search=elephant", 50 * time.Millisecond},
	} {
		took := make([]time.Duration, 21)
		for i := range took {
			began := time.Now()
			must[pageOf[told]](p, "GET", "/v1/predictions"+c.query, "")
			took[i] = time.Since(began)
		}
		slices.Sort(took)
		median := took[len(took)/2]
		t.Logf("%s: %v (median of %d)", c.name, median, len(took))
		if median > bar(c.limit) {
			t.Errorf("%s took %v, want %v", c.name, median, bar(c.limit))
		}
	}
	more := p.residentMiB() - base
	t.Logf("resident memory: %d MiB without, %d MiB more with", base, more)
	if limit := 150 * *large / 100_000; more > max(limit, 100) { // a small history is lost in the noise
		t.Errorf("%d MiB more, want %d", more, limit)
	}
}

// residentMiB reads the resident memory once the engine is ready, where the
// system tells.
func (p *process) residentMiB() int {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		response, err := patient.Get(p.url + "/readyz")
		if err == nil {
			response.Body.Close()
		}
		if err == nil && response.StatusCode == 200 {
			break
		}
		if time.Now().After(end) {
			p.t.Fatal("it does not get ready")
		}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Skip("no /proc here")
	}
	for line := range strings.Lines(string(status)) {
		var kb int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kb); n == 1 {
			return kb >> 10
		}
	}
	p.t.Fatal("no VmRSS")
	return 0
}
