// Package clienttest drives the built program with the client libraries that
// people use already, unmodified but for the base URL. Each of them runs,
// streams, lists, uploads, cancels, and leaves pictures behind.
package clienttest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"image"
	_ "image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const root = "../../.."

// TestConformanceClients runs the contract's scenarios 87 to 94.
func TestConformanceClients(t *testing.T) {
	if testing.Short() {
		t.Skip("installs and runs five client libraries")
	}
	program := filepath.Join(t.TempDir(), "easel")
	command(t, root, nil, "go", "build", "-o", program, "./cmd/easel")
	s := serve(t, program)
	t.Run("npm", func(t *testing.T) {
		if _, err := os.Stat("js/node_modules/replicate"); err != nil {
			command(t, "js", nil, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
		}
		t.Run("87-92_replicate", func(t *testing.T) { s.drive(t, 5, nil, "js", "node", "--test", "replicate.test.mjs") })
		t.Run("87_replicate_over_https", func(t *testing.T) {
			proxy := newProxy(t)
			proxy.to(t, serve(t, program, "--public-url", proxy.URL))
			proxy.drive(t, 3, []string{"NODE_EXTRA_CA_CERTS=" + proxy.certificate}, "js", "node", "--test", "--test-name-pattern", "^(87|90) ", "replicate.test.mjs")
		})
		t.Run("94_ai-sdk", func(t *testing.T) { s.drive(t, 2, nil, "js", "node", "--test", "ai.test.mjs") })
	})
	t.Run("pypi", func(t *testing.T) {
		for _, version := range []string{"v1", "v2"} {
			t.Run(version, func(t *testing.T) { s.drive(t, 5, nil, "py", python(t, version), version+".py") })
		}
	})
	t.Run("93_replicate-go", func(t *testing.T) {
		s.fill(t, 105)
		s.drive(t, 3, []string{"GOFLAGS=-mod=mod"}, "go", "go", "run", ".")
	})
}

// python makes a virtual environment with one client in it.
func python(t *testing.T, version string) string {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("NOT TESTED: python3 is not here, so PyPI's replicate was not tried")
	}
	dir, err := filepath.Abs(filepath.Join(root, ".cache", "clienttest", version))
	if err != nil {
		t.Fatal(err)
	}
	done := filepath.Join(dir, "done")
	if _, err := os.Stat(done); err != nil {
		command(t, "py", nil, "python3", "-m", "venv", "--clear", dir)
		command(t, "py", nil, filepath.Join(dir, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", version+".txt")
		if err := os.WriteFile(done, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "bin", "python")
}

// server is a running program.
type server struct {
	url, version string
}

const model = "easel/emoji"

// serve starts the program on a free port, with the small random-weight model
// that the engine's own tests use.
func serve(t *testing.T, program string, more ...string) *server {
	t.Helper()
	cmd := exec.Command(program, append([]string{"serve", "--addr", "127.0.0.1:0", "--data", t.TempDir(),
		"--dev", "internal/engine/testdata/models/dev", "--rate", "0", "--allow-private"}, more...)...)
	cmd.Dir = root
	logs := &strings.Builder{}
	cmd.Stderr = logs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			t.Logf("the server said:\n%s", logs)
		}
	})
	s := &server{}
	for lines := bufio.NewScanner(out); s.url == "" && lines.Scan(); {
		if _, at, ok := strings.Cut(lines.Text(), "http://"); ok {
			s.url = "http://" + strings.Fields(at)[0]
		}
	}
	if s.url == "" {
		t.Fatalf("the server did not start:\n%s", logs)
	}
	var m struct {
		Latest struct{ ID string } `json:"latest_version"`
	}
	s.get(t, "/v1/models/"+model, &m)
	s.version = m.Latest.ID
	return s
}

func (s *server) get(t *testing.T, path string, into any) {
	t.Helper()
	res, err := http.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil || res.StatusCode != 200 {
		t.Fatalf("GET %s: %s %v", path, res.Status, err)
	}
}

// fill makes predictions, cancelled at once, so that lists have pages.
func (s *server) fill(t *testing.T, n int) {
	t.Helper()
	for range n {
		res, err := http.Post(s.url+"/v1/models/"+model+"/predictions", "application/json", strings.NewReader(`{"input":{"prompt":"x"}}`))
		if err != nil {
			t.Fatal(err)
		}
		var p struct{ URLs struct{ Cancel string } }
		err = json.NewDecoder(res.Body).Decode(&p)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if res, err = http.Post(p.URLs.Cancel, "", nil); err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
}

// drive runs a client, and demands that it left real pictures.
func (s *server) drive(t *testing.T, pictures int, env []string, dir, name string, args ...string) {
	t.Helper()
	out := t.TempDir()
	env = append(env, "EASEL_URL="+s.url, "EASEL_MODEL="+model, "EASEL_VERSION="+s.version, "OUT="+out)
	command(t, dir, env, name, args...)
	files, err := filepath.Glob(filepath.Join(out, "*.png"))
	if err != nil || len(files) < pictures {
		t.Fatalf("%d pictures, want %d: %v", len(files), pictures, err)
	}
	for _, path := range files {
		if err := decodes(path); err != nil {
			t.Error(err)
		}
	}
}

func decodes(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	if b := img.Bounds(); b.Dx() < 256 || b.Dy() < 256 {
		return fmt.Errorf("%s: %v is no picture", filepath.Base(path), b)
	}
	return nil
}

func command(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}
