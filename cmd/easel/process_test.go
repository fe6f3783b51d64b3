package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"easel/internal/prediction"
)

// asProgram is the environment variable that makes this test binary the
// program itself, for tests that need a process of its own to kill.
const asProgram = "EASEL_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

var bars = flag.Bool("bars", false, "hold times to their bars, which needs a quiet machine")

// bar is a limit as it stands with -bars; a busy machine may take ten times that.
func bar(limit time.Duration) time.Duration {
	if *bars {
		return limit
	}
	return 10 * limit
}

// tinyModel is the random-weight model of the engine's own tests.
const tinyModel = "../../internal/engine/testdata/models/dev"

// process is this test binary running as easel.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	said  *said // on stderr
	began time.Time
	url   string // of one that serves
}

// said collects what a process writes, and may be read meanwhile.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// launch prepares the program.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0], args...), said: &said{}}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stderr = p.said
	return p
}

func (p *process) start() {
	p.t.Helper()
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(p.kill)
}

// kill ends it at once. What the program wrote stays, synced or not.
func (p *process) kill() {
	p.cmd.Process.Kill() // SIGKILL
	p.cmd.Wait()
}

// serve starts `easel serve` and waits for its address.
func serve(t *testing.T, data string, more ...string) *process {
	t.Helper()
	p := launch(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--data", data, "--dev", tinyModel, "--device", "cpu", "--rate", "0"}, more...)...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.start()
	line, err := bufio.NewReader(out).ReadString('\n')
	_, address, ok := strings.Cut(strings.TrimSpace(line), "http://")
	if err != nil || !ok {
		p.kill()
		t.Fatalf("it did not start: %v\n%s", err, p.said)
	}
	p.url = "http://" + address
	return p
}

var patient = &http.Client{Timeout: 10 * time.Second}

// ask sends a request and decodes the answer's JSON.
func (p *process) ask(method, path, body string, answer any) error {
	address := path
	if strings.HasPrefix(path, "/") {
		address = p.url + path
	}
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return err
	}
	response, err := patient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s %s", method, path, response.Status, text)
	}
	return json.Unmarshal(text, answer)
}

// must is ask for what has to succeed.
func must[T any](p *process, method, path, body string) (answer T) {
	p.t.Helper()
	if err := p.ask(method, path, body, &answer); err != nil {
		p.t.Fatal(err)
	}
	return answer
}

// told is a prediction as callers are told.
type told struct {
	ID          string
	Status      prediction.Status
	Error       string
	Output      []string
	CompletedAt string `json:"completed_at"`
}

type pageOf[T any] struct {
	Results []T
	Next    string
}

// fetchPNG reads a picture to its end. A picture that came and is not whole,
// or not what its ETag says, is torn.
func fetchPNG(address string) (torn, err error) {
	response, err := patient.Get(address)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	file, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", address, response.Status)
	}
	if tag := fmt.Sprintf(`"%x"`, sha256.Sum256(file)); response.Header.Get("ETag") != tag {
		return fmt.Errorf("%s is not what was stored", address), nil
	}
	if _, err := png.Decode(bytes.NewReader(file)); err != nil {
		return fmt.Errorf("%s: %w", address, err), nil
	}
	return nil, nil
}
