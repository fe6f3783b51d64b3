package loras

import (
	"encoding/json"
	"errors"
	"io/fs"
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

// mark is an empty file whose time says when content was last handed out. The
// content's own time stays, because readers know an unchanged file by it.
func (s *Store) mark(sum string) string {
	return filepath.Join(s.options.Dir, "used", sum)
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
	if json.Unmarshal(data, &r) != nil || !isSum(r.SHA256) {
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

// Cached is the file of a SHA-256, whatever address it came from.
func (s *Store) Cached(sum string) (File, bool) {
	if !isSum(sum) {
		return File{}, false
	}
	file, err := s.file(record{SHA256: sum}, "")
	return file, err == nil
}

// isSum guards the names of files: 64 hex digits and nothing else.
func isSum(sum string) bool {
	return len(sum) == 64 && strings.Trim(sum, "0123456789abcdef") == ""
}

// file hands out content and marks it as used now.
func (s *Store) file(r record, warning string) (File, error) {
	path, now := s.content(r.SHA256), s.now()
	if _, err := os.Stat(path); err != nil {
		return File{}, err
	}
	err := os.Chtimes(s.mark(r.SHA256), now, now)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.WriteFile(s.mark(r.SHA256), nil, 0o644); err == nil {
			err = os.Chtimes(s.mark(r.SHA256), now, now)
		}
	}
	if err != nil {
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
		sum  string
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
		if !strings.HasSuffix(e.Name(), ".safetensors") {
			if s.now().Sub(info.ModTime()) > 24*time.Hour {
				os.Remove(filepath.Join(s.options.Dir, e.Name()))
			}
			continue
		}
		total += info.Size()
		sum, used := strings.TrimSuffix(e.Name(), ".safetensors"), info.ModTime()
		if mark, err := os.Stat(s.mark(sum)); err == nil {
			used = mark.ModTime()
		}
		if sum != keep && s.now().Sub(used) > inUse {
			items = append(items, item{sum, info.Size(), used})
		}
	}
	slices.SortFunc(items, func(a, b item) int { return a.used.Compare(b.used) })
	for _, i := range items {
		if total <= s.options.Limit {
			return
		}
		if os.Remove(s.content(i.sum)) == nil {
			os.Remove(s.mark(i.sum))
			total -= i.size
		}
	}
}
