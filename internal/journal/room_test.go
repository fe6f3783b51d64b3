package journal

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// NATS tells of writes that failed only in its log: the texts that heard looks
// for must be those of the server that is built in.
func TestHeardIsWhatTheServerSays(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/nats-io/nats-server/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	for file, texts := range map[string][]string{
		"filestore.go": {`"Critical write error: %v"`},
		"stream.go":    {`"JetStream stream '%s > %s' critical write error: %v"`, `"JetStream out of space, will be DISABLED"`},
		"jetstream.go": {`"JetStream out of resources, will be DISABLED"`, `"JetStream out of %s resources, will be DISABLED"`},
	} {
		source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "server", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if !strings.Contains(string(source), text) {
				t.Errorf("%s does not say %s any more: find how it tells of a failed write, and mend heard", file, text)
			}
			d := newDisk(Options{Dir: "x"})
			if d.heard(text); d.room() == nil {
				t.Errorf("%s is not heard", text)
			}
		}
	}
}
