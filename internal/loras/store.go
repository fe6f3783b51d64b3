package loras

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"easel/internal/fetch"
)

// The hosts that an operator may replace by a mirror of theirs.
const (
	DefaultHugging   = "https://huggingface.co"
	DefaultCivitai   = "https://civitai.com"
	DefaultReplicate = "https://replicate.com"
)

// Options say where LoRA files come from and are kept.
type Options struct {
	Dir    string // of the cache
	Folder string // the operator's own LoRA files; empty: none
	Own    string // the folder of those that come with the model; empty or not there: none
	Limit  int64  // bytes the cache may hold; default 20 GiB
	Most   int64  // bytes of one file; default 4 GiB

	Hugging, Civitai, Replicate string // base URLs; empty: the defaults
	HuggingToken, CivitaiToken  string // sent in a header, to that host only

	Client *fetch.Client // for addresses that callers give
	// Operator's is for base URLs that the operator set, which may be private;
	// nil: Client.
	Operator *fetch.Client
}

// Store gets and keeps LoRA files. It is safe for concurrent use, also by
// several processes on one folder.
type Store struct {
	options Options
	mu      sync.Mutex
	busy    map[string]*flight  // by address
	sums    map[fileID]string   // of local files
	now     func() time.Time    // tests set it
	pause   func(time.Duration) // between two tries
}

// File is a LoRA on disk. It stays there for at least a quarter of an hour.
type File struct {
	Path    string
	SHA256  string // hex
	Warning string // what the caller should know, such as a source that is out of reach
}

// Progress is told how many bytes have come, and of how many (−1: unknown).
type Progress func(done, total int64)

// Open prepares a store; it makes the cache folder.
func Open(o Options) (*Store, error) {
	set := func(s *string, d string) {
		if *s == "" {
			*s = d
		}
	}
	set(&o.Hugging, DefaultHugging)
	set(&o.Civitai, DefaultCivitai)
	set(&o.Replicate, DefaultReplicate)
	if o.Limit == 0 {
		o.Limit = 20 << 30
	}
	if o.Most == 0 {
		o.Most = 4 << 30
	}
	if o.Operator == nil {
		o.Operator = o.Client
	}
	for _, folder := range []string{"sources", "used"} {
		if err := os.MkdirAll(filepath.Join(o.Dir, folder), 0o755); err != nil {
			return nil, fmt.Errorf("open LoRA cache: %w", err)
		}
	}
	return &Store{options: o, busy: map[string]*flight{}, sums: map[fileID]string{}, now: time.Now, pause: time.Sleep}, nil
}

// flight is a download that others wait for.
type flight struct {
	done chan struct{}
	file File
	err  error
}

// Get returns the file that an address names, from the cache if it is there.
// Callers that ask for one address at a time share one download; progress,
// which may be nil, is told only to the first.
func (s *Store) Get(ctx context.Context, address string, progress Progress) (File, error) {
	p, err := parse(address)
	if err != nil {
		return File{}, err
	}
	if p.kind == local {
		return s.local(p.file)
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	for {
		s.mu.Lock()
		f, shared := s.busy[address]
		if !shared {
			f = &flight{done: make(chan struct{})}
			s.busy[address] = f
		}
		s.mu.Unlock()
		if !shared {
			f.file, f.err = s.get(ctx, p, progress)
			f.err = pathless(f.err)
			s.mu.Lock()
			delete(s.busy, address)
			s.mu.Unlock()
			close(f.done)
			return f.file, f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return File{}, ctx.Err()
		}
		// The first caller's giving up is not ours.
		if !errors.Is(f.err, context.Canceled) && !errors.Is(f.err, context.DeadlineExceeded) || ctx.Err() != nil {
			return f.file, f.err
		}
	}
}

// pathless keeps the cache's folder out of what callers are told.
func pathless(err error) error {
	var file *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &file):
		err = file.Err
	case errors.As(err, &link):
		err = link.Err
	default:
		return err
	}
	return fmt.Errorf("the server's LoRA cache cannot be used: %w", err)
}

// fresh is how long an address that may change is not asked again.
const fresh = time.Hour

// get takes a place's file from the cache, or asks its source.
func (s *Store) get(ctx context.Context, p place, progress Progress) (File, error) {
	key := p.key()
	known, ok := s.recall(key)
	if ok && (p.fixed() || s.now().Sub(known.Checked) < fresh) {
		return s.file(known, "")
	}
	src, err := s.resolve(ctx, p)
	if err == nil {
		var note record
		if note, err = s.download(ctx, key, src, known, progress); err == nil {
			s.remember(key, note)
			file, err := s.file(note, "")
			s.evict(note.SHA256)
			return file, err
		}
	}
	if ok && ctx.Err() == nil && outOfReach(err) {
		return s.file(known, fmt.Sprintf("the LoRA's source could not be asked whether it is still the same: %v", pathless(err)))
	}
	return File{}, err
}

// outOfReach tells failures of the way from answers such as 401 or 404.
func outOfReach(err error) bool {
	var status *fetch.StatusError
	return !errors.As(err, &status) || status.Code >= 500
}

// fixed says that an address means the same bytes for ever.
func (p place) fixed() bool { return p.kind == replicate && p.version != "" }

// key names a place in the cache.
func (p place) key() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\n%s\n%s\n%s\n%s\n%s\n%s", p.kind, p.owner, p.name, p.version, p.file, p.id, p.url))
	return hex.EncodeToString(sum[:])
}
