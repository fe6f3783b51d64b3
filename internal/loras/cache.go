package loras

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// record says what an address gave the last time it was asked.
type record struct {
	SHA256  string    `json:"sha256"`
	ETag    string    `json:"etag,omitempty"`
	Checked time.Time `json:"checked"`
}

func (s *Store) content(sum string) string {
	return filepath.Join(s.options.Dir, sum+".safetensors")
}

func (s *Store) source(key string) string {
	return filepath.Join(s.options.Dir, "sources", key+".json")
}

// recall returns what is known of an address whose content is still on disk.
func (s *Store) recall(key string) (record, bool) {
	data, err := os.ReadFile(s.source(key))
	if err != nil {
		return record{}, false
	}
	var r record
	if json.Unmarshal(data, &r) != nil || len(r.SHA256) != 64 || strings.Trim(r.SHA256, "0123456789abcdef") != "" {
		return record{}, false
	}
	_, err = os.Stat(s.content(r.SHA256))
	return r, err == nil
}

// remember notes what an address gave. Failing to costs a download, no more.
func (s *Store) remember(key string, r record) {
	data, err := json.Marshal(r)
	if err != nil {
		return
	}
	temp, err := os.CreateTemp(filepath.Dir(s.source(key)), "*.tmp")
	if err != nil {
		return
	}
	_, err = temp.Write(data)
	if closed := temp.Close(); err != nil || closed != nil || os.Rename(temp.Name(), s.source(key)) != nil {
		os.Remove(temp.Name())
	}
}

// file hands out content and marks it as used now.
func (s *Store) file(r record, warning string) (File, error) {
	path := s.content(r.SHA256)
	now := s.now()
	if err := os.Chtimes(path, now, now); err != nil {
		return File{}, err
	}
	return File{Path: path, SHA256: r.SHA256, Warning: warning}, nil
}

// inUse is how long after it was handed out a file is not evicted.
const inUse = 15 * time.Minute

// evict deletes what was used longest ago until the cache is within its
// limit, and what is left of downloads that nobody resumed for a day.
func (s *Store) evict(keep string) {
	entries, err := os.ReadDir(s.options.Dir)
	if err != nil {
		return
	}
	type item struct {
		path string
		size int64
		used time.Time
	}
	var items []item
	var total int64
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		path := filepath.Join(s.options.Dir, e.Name())
		if !strings.HasSuffix(e.Name(), ".safetensors") {
			if s.now().Sub(info.ModTime()) > 24*time.Hour {
				os.Remove(path)
			}
			continue
		}
		total += info.Size()
		if e.Name() != keep+".safetensors" && s.now().Sub(info.ModTime()) > inUse {
			items = append(items, item{path, info.Size(), info.ModTime()})
		}
	}
	slices.SortFunc(items, func(a, b item) int { return a.used.Compare(b.used) })
	for _, i := range items {
		if total <= s.options.Limit {
			return
		}
		if os.Remove(i.path) == nil {
			total -= i.size
		}
	}
}
