package loras

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// partial is a file on its way. While it is worked on it has a name of its
// own, so that two processes never write to one file; left behind, it has the
// name of its address, for the next to claim.
type partial struct {
	file *os.File
	rest string // where it is left: the partial; beside it, its ETag
	etag string
	keep bool
}

// claim takes over what is left of an earlier download, or begins anew.
func (s *Store) claim(key string) (*partial, error) {
	temp, err := os.CreateTemp(s.options.Dir, key[:16]+"-*.partial")
	if err != nil {
		return nil, err
	}
	p := &partial{file: temp, rest: filepath.Join(s.options.Dir, key+".partial")}
	etag, err := os.ReadFile(p.rest + ".etag")
	if err != nil {
		return p, nil
	}
	// Renaming is the claim: of two, one finds nothing to rename.
	if err := os.Rename(p.rest, temp.Name()); errors.Is(err, fs.ErrNotExist) {
		return p, nil
	} else if err != nil {
		p.release()
		return nil, err
	}
	temp.Close()
	if p.file, err = os.OpenFile(temp.Name(), os.O_RDWR, 0); err != nil {
		return nil, err
	}
	if _, err := p.file.Seek(0, io.SeekEnd); err != nil {
		p.release()
		return nil, err
	}
	p.etag = string(etag)
	return p, nil
}

func (p *partial) size() int64 {
	info, err := p.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// restart keeps the first bytes only, and goes on from there.
func (p *partial) restart(keep int64, etag string) error {
	if err := p.file.Truncate(keep); err != nil {
		return err
	}
	p.etag = etag
	_, err := p.file.Seek(keep, io.SeekStart)
	return err
}

// release closes the file, and leaves it for a later call if it is worth it.
// After a whole file was moved into the cache there is nothing left to do.
func (p *partial) release() {
	size := p.size()
	p.file.Close()
	if p.keep && p.etag != "" && size > 0 &&
		os.WriteFile(p.rest+".etag", []byte(p.etag), 0o644) == nil && os.Rename(p.file.Name(), p.rest) == nil {
		return
	}
	os.Remove(p.file.Name())
}
