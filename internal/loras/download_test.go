package loras

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestBrokenDownloadsGoOn(t *testing.T) {
	data := weights(4)
	var ranges []string
	cuts := 2
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		w.Header().Set("ETag", `"four"`)
		if cuts > 0 {
			cuts--
			var from int
			fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
			w.Header().Set("Content-Length", fmt.Sprint(len(data)-from))
			if from > 0 {
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
				w.WriteHeader(http.StatusPartialContent)
			}
			w.Write(data[from : from+1000])
			return // fewer bytes than announced
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	})
	var told []int64
	s := open(t, Options{})
	f, err := s.Get(t.Context(), base+"/x.safetensors", func(done, total int64) {
		told = append(told, done)
		if total != int64(len(data)) {
			t.Errorf("total %d, want %d", total, len(data))
		}
	})
	if err != nil || f.SHA256 != sumOf(data) {
		t.Fatal(f, err)
	}
	if got := strings.Join(ranges, " "); got != " bytes=1000- bytes=2000-" {
		t.Errorf("ranges %q", got)
	}
	if told[len(told)-1] != int64(len(data)) {
		t.Errorf("progress %v", told)
	}
	// Cut for good: the next call goes on where this one stopped.
	cuts, ranges = 3, nil
	s2 := open(t, Options{})
	refused(t, s2, base+"/x.safetensors", "broke off")
	want(t, s2, base+"/x.safetensors", data)
	if got := strings.Join(ranges, " "); got != " bytes=1000- bytes=2000- bytes=3000-" {
		t.Errorf("ranges %q", got)
	}
}

func TestChangedWhileBrokenStartsOver(t *testing.T) {
	n, cut := 5, true
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		data := weights(n)
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, n))
		if cut {
			cut, n = false, 6
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			w.Write(data[:500])
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	})
	want(t, open(t, Options{}), base+"/x.safetensors", weights(6))
}

func TestBadAnswers(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/login"):
			fmt.Fprint(w, "<!doctype html><title>Log in</title>")
		case strings.HasPrefix(r.URL.Path, "/huge"):
			w.Header().Set("Content-Length", "10000000000")
			w.WriteHeader(200)
		case strings.HasPrefix(r.URL.Path, "/endless"):
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		case strings.HasPrefix(r.URL.Path, "/claims"):
			w.Write(append(binary.LittleEndian.AppendUint64(nil, 1<<60), '{'))
		case strings.HasPrefix(r.URL.Path, "/401"):
			w.WriteHeader(401)
		case strings.HasPrefix(r.URL.Path, "/range"):
			w.Header().Set("Content-Range", "bytes 7-9/10")
			w.WriteHeader(206)
		case strings.HasPrefix(r.URL.Path, "/loop"):
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		}
	})
	dir := t.TempDir()
	s := open(t, Options{Dir: dir, Most: 1 << 20})
	for path, why := range map[string]string{
		"/login": "not a safetensors file", "/huge": "the limit is", "/endless": "limit", "/claims": "not a safetensors file", "/empty": "not a safetensors file",
		"/401": "401 Unauthorized", "/range": "another part", "/loop": "redirects",
	} {
		refused(t, s, base+path+"/x.safetensors", why)
	}
	if left := leftovers(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
