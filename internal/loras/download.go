package loras

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"easel/internal/fetch"
)

const (
	tries    = 3                // of a download that breaks off
	patience = 60 * time.Minute // for one file
)

// download brings a file into the cache. A download that breaks off goes on
// where it stopped, now or at the next call, if the source can do that.
func (s *Store) download(ctx context.Context, key string, o origin, known record, progress Progress) (record, error) {
	p, err := s.claim(key)
	if err != nil {
		return record{}, err
	}
	defer p.release()
	for try := 1; ; try++ {
		err = s.receive(ctx, o, p, known.ETag, progress)
		if err == nil || try == tries || ctx.Err() != nil || !errors.Is(err, fetch.ErrBroken) {
			break
		}
		s.pause(time.Duration(try) * time.Second)
	}
	var status *fetch.StatusError
	if known.SHA256 != "" && errors.As(err, &status) && status.Code == http.StatusNotModified {
		known.Checked = s.now()
		return known, nil
	}
	if err != nil {
		p.keep = errors.Is(err, fetch.ErrBroken) || ctx.Err() != nil
		return record{}, o.explain(err)
	}
	sum, err := p.finish(o.sha256)
	if err != nil {
		return record{}, err
	}
	if err := os.Rename(p.file.Name(), s.content(sum)); err != nil {
		return record{}, err
	}
	return record{SHA256: sum, ETag: p.etag, Checked: s.now()}, nil
}

// receive asks for a file, or for what is missing of it, and writes it to p.
// etag is that of the content in the cache, if there is any.
func (s *Store) receive(ctx context.Context, o origin, p *partial, etag string, progress Progress) error {
	header := o.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	have := p.size()
	switch {
	case have > 0 && p.etag != "" && !o.tar:
		header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		header.Set("If-Range", p.etag)
	case etag != "":
		header.Set("If-None-Match", etag)
	}
	body, err := o.client.GetWith(ctx, o.url, header, fetch.Limits{Bytes: s.options.Most, Time: patience})
	var status *fetch.StatusError
	if have > 0 && errors.As(err, &status) && status.Code == http.StatusRequestedRangeNotSatisfiable {
		if err := p.restart(0, ""); err != nil {
			return err
		}
		return s.receive(ctx, o, p, etag, progress)
	}
	if err != nil {
		return err
	}
	defer body.Close()
	from, _, _ := strings.Cut(strings.TrimPrefix(body.Header.Get("Content-Range"), "bytes "), "-")
	if body.Status != http.StatusPartialContent || from != fmt.Sprint(have) {
		if body.Status == http.StatusPartialContent {
			return fmt.Errorf("%s: the server sent another part than was asked for", body.URL.Host)
		}
		have = 0
	}
	if err := p.restart(have, body.Header.Get("ETag")); err != nil {
		return err
	}
	total := int64(-1)
	if body.Length >= 0 {
		total = have + body.Length
	}
	if total > s.options.Most {
		return fmt.Errorf("%s: it has %d bytes; the limit is %d", body.URL.Host, total, s.options.Most)
	}
	counted := &counter{in: body, done: have, total: total, tell: progress}
	defer counted.last()
	if o.tar {
		return untar(counted, p.file, body.URL.Host, s.options.Most)
	}
	_, err = io.Copy(p.file, counted)
	return err
}

// untar writes the one .safetensors file of a tar to out. Other entries, and
// whatever is no regular file, are passed over; two files are an error, and so
// is one of more than limit bytes, which a sparse entry could claim for nothing.
func untar(in io.Reader, out io.Writer, host string, limit int64) error {
	const most = 10_000 // entries
	var found []string
	t := tar.NewReader(in)
	for range most {
		h, err := t.Next()
		if err == io.EOF {
			if len(found) != 1 {
				return count(found, "the tar from "+host)
			}
			return nil
		}
		if err != nil {
			return tarError(err, host)
		}
		if h.Typeflag != tar.TypeReg || !strings.HasSuffix(h.Name, ".safetensors") || strings.HasPrefix(path.Base(h.Name), ".") {
			continue
		}
		found = append(found, path.Base(h.Name))
		if len(found) > 1 {
			continue // only to list them all
		}
		if h.Size > limit {
			return fmt.Errorf("the tar from %s has a file of %d bytes; the limit is %d", host, h.Size, limit)
		}
		if _, err := io.Copy(out, t); err != nil {
			return tarError(err, host)
		}
	}
	return fmt.Errorf("the tar from %s has more than %d entries", host, most)
}

// tarError tells a broken download, which the reader beneath reports, from a damaged tar.
func tarError(err error, host string) error {
	if errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("what %s sent is not a whole tar", host)
	}
	return err
}

// counter reports progress, at most four times a second.
type counter struct {
	in          io.Reader
	done, total int64
	tell        Progress
	told        time.Time
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	c.done += int64(n)
	if now := time.Now(); now.Sub(c.told) > 250*time.Millisecond {
		c.told = now
		c.tell(c.done, c.total)
	}
	return n, err
}

func (c *counter) last() { c.tell(c.done, c.total) }

// finish checks a whole file and returns the SHA-256 of its bytes.
func (p *partial) finish(want string) (string, error) {
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	var head [9]byte
	n, _ := io.ReadFull(p.file, head[:])
	if length := binary.LittleEndian.Uint64(head[:8]); n < len(head) || head[8] != '{' || length > uint64(p.size()) {
		return "", fmt.Errorf("what came is not a safetensors file (%d bytes, beginning with %q)", p.size(), head[:n])
	}
	h := sha256.New()
	h.Write(head[:])
	if _, err := io.Copy(h, p.file); err != nil {
		return "", err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if want != "" && sum != want {
		return "", fmt.Errorf("what came has another SHA-256 (%.12s…) than its source announces (%.12s…)", sum, want)
	}
	return sum, p.file.Sync()
}
