package static

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The bars of the page: bytes on the wire.
const (
	maxScript = 40 << 10 // of the page; with the painter's, 60
	maxStyle  = 20 << 10
)

func TestSizes(t *testing.T) {
	for name, most := range map[string]int{"app.js": maxScript, "painter.js": 20 << 10, "app.css": maxStyle} {
		if got := len(assets[name].gzipped); got == 0 || got > most {
			t.Errorf("%s holds %d bytes gzipped, want 1 to %d", name, got, most)
		}
	}
}

var (
	cssURL  = regexp.MustCompile(`url\(["']?([^"')]+)["']?\)`)
	foreign = regexp.MustCompile(`(?:https?:)?//[a-zA-Z0-9][\w.-]*\.[a-z]{2,}`)
	inline  = regexp.MustCompile(`\b(?:eval|Function)\(|\.innerHTML\b|\.outerHTML\b|insertAdjacentHTML`)
)

// Every reference in the bundle resolves inside it, and no other host appears.
func TestBundleIsWhole(t *testing.T) {
	for name, a := range assets {
		if !strings.HasSuffix(name, ".js") && !strings.HasSuffix(name, ".css") && !strings.HasSuffix(name, ".svg") {
			continue
		}
		text := string(a.plain)
		for _, host := range foreign.FindAllString(text, -1) {
			if host != "http://www.w3.org" && host != "https://tailwindcss.com" { // a namespace, and a comment
				t.Errorf("%s names a foreign host: %s", name, host)
			}
		}
		if strings.HasSuffix(name, ".js") {
			if bad := inline.FindString(text); bad != "" {
				t.Errorf("%s uses %s, which text from outside could reach", name, bad)
			}
		}
		for _, m := range cssURL.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(m[1], "data:") || strings.HasPrefix(m[1], "#") || strings.HasSuffix(name, ".js") {
				continue
			}
			if _, ok := assets[path.Join(path.Dir(name), m[1])]; !ok {
				t.Errorf("%s refers to %s, which is not here", name, m[1])
			}
		}
	}
}

func TestHandler(t *testing.T) {
	get := func(url string, header ...string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, url, nil)
		if len(header) == 2 {
			r.Header.Set(header[0], header[1])
		}
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, r)
		return w.Result()
	}
	plain := get(URL("app.js"))
	body, _ := io.ReadAll(plain.Body)
	if plain.StatusCode != http.StatusOK || !bytes.Equal(body, assets["app.js"].plain) {
		t.Errorf("GET %s: %s, %d bytes", URL("app.js"), plain.Status, len(body))
	}
	if got := plain.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("Cache-Control: %q", got)
	}
	packed := get(URL("app.js"), "Accept-Encoding", "br, gzip")
	if packed.Header.Get("Content-Encoding") != "gzip" {
		t.Error("not gzipped for a browser that takes it")
	}
	r, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, _ := io.ReadAll(r); !bytes.Equal(unpacked, body) {
		t.Error("the gzipped script is another")
	}
	for _, url := range []string{Prefix + "app.js", Prefix + "000000000000/app.js", URL("embed.go"), URL("../embed.go"), URL("fonts")} {
		if got := get(url).StatusCode; got != http.StatusNotFound {
			t.Errorf("GET %s: %d, want 404", url, got)
		}
	}
}

// The committed assets are what the sources build.
func TestFresh(t *testing.T) {
	if _, err := os.Stat("../node_modules/esbuild"); err != nil {
		t.Skip("the build's packages are not installed: npm ci")
	}
	out := t.TempDir()
	build := exec.Command("node", "web/build.mjs", "--out", out)
	build.Dir = ".."
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("node web/build.mjs: %v\n%s", err, said)
	}
	built := 0
	err := filepath.WalkDir(out, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		built++
		name, _ := filepath.Rel(out, file)
		fresh, err := os.ReadFile(file)
		if err == nil && !bytes.Equal(fresh, assets[filepath.ToSlash(name)].plain) {
			t.Errorf("static/%s is stale: run make generate", name)
		}
		return err
	})
	if err != nil || built != len(assets) {
		t.Errorf("the build wrote %d files, %d are committed; %v", built, len(assets), err)
	}
}
