package prediction

import (
	"strings"
	"testing"
)

func TestBar(t *testing.T) {
	b := newBar([]byte(`{"num_outputs":2}`))
	for _, c := range []struct {
		picture, step int
		want          string
	}{
		{0, 1, " 12%|█▎        | 1/8 [00:00<00:03,  2.00it/s]\n"},
		{0, 4, " 50%|█████     | 4/8 [00:01<00:01,  4.00it/s]\n"},
		{1, 4, "100%|██████████| 8/8 [00:01<00:00,  5.33it/s]\n"},
	} {
		if got := b.line(c.picture, c.step, 4, 0.5); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	slow := newBar([]byte(`not JSON`))
	if got, want := slow.line(0, 1, 2, 5000), " 50%|█████     | 1/2 [1:23:20<1:23:20,  0.00it/s]\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAppendLog(t *testing.T) {
	line, logs := strings.Repeat("x", 99)+"\n", ""
	for range 2000 {
		logs = appendLog(logs, line)
	}
	first, rest, _ := strings.Cut(logs, "\n")
	if len(logs) > maxLogs+100 || first != "(earlier lines left out)" || !strings.HasPrefix(rest, line) || !strings.HasSuffix(rest, line) {
		t.Errorf("%d bytes, beginning %q", len(logs), logs[:200])
	}
	if logs = appendLog("", strings.Repeat("y", 2*maxLogs)); len(logs) > maxLogs+100 {
		t.Errorf("one long line: %d bytes", len(logs))
	}
}
