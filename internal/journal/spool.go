package journal

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
)

// inMemory is the size up to which a spooled body stays in memory.
const inMemory = 8 << 20

// spooled is a body read to its end: in memory, or in a temporary file that
// has no name any more.
type spooled struct {
	io.ReadSeeker
	size        int64
	sha256, md5 string
	file        *os.File // nil in memory
}

func spool(dir string, r io.Reader) (*spooled, error) {
	sha, sum := sha256.New(), md5.New()
	r = io.TeeReader(r, io.MultiWriter(sha, sum))
	var head bytes.Buffer
	n, err := io.CopyN(&head, r, inMemory+1)
	if err != nil && err != io.EOF {
		return nil, err
	}
	s := &spooled{ReadSeeker: bytes.NewReader(head.Bytes()), size: n}
	if n > inMemory {
		if s.file, err = os.CreateTemp(dir, "spool-*"); err != nil {
			return nil, err
		}
		os.Remove(s.file.Name()) // where that fails, Close tries again
		s.ReadSeeker = s.file
		if s.size, err = io.Copy(s.file, io.MultiReader(&head, r)); err == nil {
			_, err = s.file.Seek(0, io.SeekStart)
		}
		if err != nil {
			s.Close()
			return nil, err
		}
	}
	s.sha256, s.md5 = hex.EncodeToString(sha.Sum(nil)), hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

func (s *spooled) Close() error {
	if s.file == nil {
		return nil
	}
	defer os.Remove(s.file.Name())
	return s.file.Close()
}
