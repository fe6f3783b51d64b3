package loras

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"easel/internal/fetch"
)

// weights is a small safetensors file, another for each n.
func weights(n int) []byte {
	header := fmt.Sprintf(`{"__metadata__":{"n":"%d"},"a":{"dtype":"F32","shape":[2000],"data_offsets":[0,8000]}}`, n)
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), bytes.Repeat([]byte{byte(n)}, 8000)...)
}

func sumOf(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// serve answers with a handler for the length of a test.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func open(t *testing.T, o Options) *Store {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	o.Client = fetch.New(true)
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	s.pause = func(time.Duration) {}
	return s
}

func want(t *testing.T, s *Store, address string, data []byte) File {
	t.Helper()
	f, err := s.Get(t.Context(), address, nil)
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	got, err := os.ReadFile(f.Path)
	if err != nil || !bytes.Equal(got, data) || f.SHA256 != sumOf(data) {
		t.Fatalf("%s: %d bytes, SHA-256 %s, %v", address, len(got), f.SHA256, err)
	}
	return f
}

func refused(t *testing.T, s *Store, address, why string) {
	t.Helper()
	if f, err := s.Get(t.Context(), address, nil); err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("%s: %+v, %v; want an error with %q", address, f, err, why)
	}
}

func TestDirectURLKeepsItsQueryAndIsAskedOnce(t *testing.T) {
	var asked atomic.Int32
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.RawQuery != "sig=a%2Fb&e=1" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(weights(1)))
	})
	s := open(t, Options{})
	address := base + "/d/x.safetensors?sig=a%2Fb&e=1"
	first, _ := os.Stat(want(t, s, address, weights(1)).Path)
	again, _ := os.Stat(want(t, s, address, weights(1)).Path)
	if !first.ModTime().Equal(again.ModTime()) {
		t.Error("using a file changed its time, by which readers know it")
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times within the hour", asked.Load())
	}
	s.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	want(t, s, address, weights(1)) // 304
	want(t, s, address, weights(1))
	if asked.Load() != 2 {
		t.Errorf("asked %d times after it", asked.Load())
	}
	refused(t, s, base+"/d/x.safetensors", "403")
}

func TestASourceOutOfReachLeavesTheCachedFile(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(weights(1)) }))
	s := open(t, Options{})
	address := server.URL + "/x.safetensors"
	want(t, s, address, weights(1))
	server.Close()
	s.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	if f := want(t, s, address, weights(1)); !strings.Contains(f.Warning, "could not be asked") {
		t.Errorf("warning %q", f.Warning)
	}
}

func TestChangedContentIsFetchedAgain(t *testing.T) {
	n := 1
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, n))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(weights(n)))
	})
	s := open(t, Options{})
	want(t, s, base+"/x.safetensors", weights(1))
	n = 2
	want(t, s, base+"/x.safetensors", weights(1))
	s.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	want(t, s, base+"/x.safetensors", weights(2))
}

func TestTwoDownloadsOfOneFileAreOne(t *testing.T) {
	var asked atomic.Int32
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		time.Sleep(50 * time.Millisecond)
		w.Write(weights(3))
	})
	dir := t.TempDir()
	s, other := open(t, Options{Dir: dir}), open(t, Options{Dir: dir}) // other stands for another process
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { want(t, s, base+"/x.safetensors", weights(3)) })
	}
	wg.Go(func() { want(t, other, base+"/x.safetensors", weights(3)) })
	wg.Wait()
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times, want once for each process", n)
	}
	if left := leftovers(t, dir); len(left) != 1 {
		t.Errorf("the cache holds %v", left)
	}
}

func leftovers(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestTheFirstCallerGivingUpIsNotTheSeconds(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(100 * time.Millisecond)
		w.Write(weights(3))
	})
	s := open(t, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := s.Get(ctx, base+"/x.safetensors", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the first: %v", err)
		}
	})
	time.Sleep(10 * time.Millisecond)
	want(t, s, base+"/x.safetensors", weights(3))
	wg.Wait()
}

func TestTheCacheEvictsWhatWasUsedLongestAgo(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		fmt.Sscanf(r.URL.Path, "/%d", &n)
		w.Write(weights(n))
	})
	size := int64(len(weights(1)))
	dir := t.TempDir()
	s := open(t, Options{Dir: dir, Limit: 2 * size})
	clock := time.Now()
	s.now = func() time.Time { return clock }
	for _, n := range []int{1, 2} {
		want(t, s, fmt.Sprintf("%s/%d.safetensors", base, n), weights(n))
		clock = clock.Add(20 * time.Minute)
	}
	want(t, s, base+"/1.safetensors", weights(1)) // 2 is now the oldest
	clock = clock.Add(20 * time.Minute)
	want(t, s, base+"/3.safetensors", weights(3))
	for n, there := range map[int]bool{1: true, 2: false, 3: true} {
		if _, err := os.Stat(s.content(sumOf(weights(n)))); (err == nil) != there {
			t.Errorf("%d: in the cache %v, want %v", n, err == nil, there)
		}
	}
	want(t, s, base+"/4.safetensors", weights(4)) // 3 was just handed out, 1 goes
	want(t, s, base+"/5.safetensors", weights(5)) // over the limit, but 3 and 4 are in use
	if n := len(leftovers(t, dir)); n != 3 {
		t.Errorf("%d files", n)
	}
}

func TestTheCachesFolderIsNotTold(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Write(weights(1)) })
	dir := filepath.Join(t.TempDir(), "secret")
	s := open(t, Options{Dir: dir})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	_, err := s.Get(t.Context(), base+"/x.safetensors", nil)
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "cache cannot be used") {
		t.Error(err)
	}
}

func TestLocalNames(t *testing.T) {
	folder, elsewhere := t.TempDir(), t.TempDir()
	for path, data := range map[string][]byte{filepath.Join(folder, "one.safetensors"): weights(1), filepath.Join(elsewhere, "secret.safetensors"): weights(2)} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(elsewhere, "secret.safetensors"), filepath.Join(folder, "link.safetensors")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "folder.safetensors"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{Folder: folder})
	want(t, s, "one", weights(1))
	want(t, s, "one.safetensors", weights(1))
	refused(t, s, "two", "it has")
	refused(t, s, "link", "has no link.safetensors")
	refused(t, s, "folder", "not a file")
	refused(t, open(t, Options{}), "one", "no LoRA folder")
}

func TestModelsOwnFolder(t *testing.T) {
	mine, own := t.TempDir(), t.TempDir()
	for path, data := range map[string][]byte{
		filepath.Join(mine, "one.safetensors"): weights(1),
		filepath.Join(own, "one.safetensors"):  weights(2),
		filepath.Join(own, "two.safetensors"):  weights(3),
	} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, Options{Folder: mine, Own: own})
	want(t, s, "one", weights(1)) // the operator's comes first
	want(t, s, "two", weights(3))
	refused(t, s, "three", "it has one, two")
	want(t, open(t, Options{Own: own}), "one", weights(2))
	refused(t, open(t, Options{Own: filepath.Join(own, "none")}), "one", "no LoRA folder")
	if got, want := s.Names(), []string{"one", "two"}; !slices.Equal(got, want) {
		t.Errorf("Names() = %q, want %q", got, want)
	}
}

// tarOf packs entries; a nil one is a symbolic link to a .safetensors file.
func tarOf(t *testing.T, names []string, contents [][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, name := range names {
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(contents[i]))}
		if contents[i] == nil {
			h.Typeflag, h.Linkname = tar.TypeSymlink, "/etc/x.safetensors"
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		w.Write(contents[i])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
