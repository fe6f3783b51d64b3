package fetch

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// slowAfter is how long a download may be slow before it is given up. Tests shorten it.
var slowAfter = 10 * time.Second

// ErrBroken means that a download ended before its end: the rest may be asked for.
var ErrBroken = errors.New("the download broke off")

// newBody puts the limits round a response's body.
func newBody(response *http.Response, u *url.URL, limits Limits, cancel func()) (*Body, error) {
	length := response.ContentLength
	if length > limits.Bytes {
		return nil, fmt.Errorf("it has %d bytes; the limit is %d", length, limits.Bytes)
	}
	m := &metered{in: response.Body, from: show(u), limits: limits, cancel: cancel, started: time.Now()}
	m.close = response.Body.Close
	switch encoding := strings.ToLower(response.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip", "x-gzip": // not asked for, but some servers send what they have
		z, err := gzip.NewReader(response.Body)
		if err != nil {
			return nil, fmt.Errorf("its gzip encoding is damaged")
		}
		m.in, length = z, -1
	default:
		return nil, fmt.Errorf("it is encoded as %.40q, which was not asked for", encoding)
	}
	return &Body{ReadCloser: m, URL: u, Header: response.Header, Status: response.StatusCode, Length: length}, nil
}

// metered counts and times a body.
type metered struct {
	in      io.Reader
	close   func() error
	cancel  func()
	from    string
	limits  Limits
	started time.Time
	n       int64
	stalled atomic.Bool
}

func (m *metered) Read(p []byte) (int, error) {
	// One byte over the limit is asked for, to tell the limit from the end.
	if left := m.limits.Bytes - m.n + 1; int64(len(p)) > left {
		p = p[:max(left, 0)]
	}
	if m.limits.Rate > 0 && int64(len(p)) > m.limits.Rate/4+1 {
		p = p[:m.limits.Rate/4+1] // small bites, so that the pauses are short
	}
	watchdog := time.AfterFunc(slowAfter, func() { m.stalled.Store(true); m.cancel() })
	n, err := m.in.Read(p)
	watchdog.Stop()
	m.n += int64(n)
	took := time.Since(m.started)
	switch {
	case m.n > m.limits.Bytes:
		return 0, fmt.Errorf("%s: it has more bytes than the limit of %d", m.from, m.limits.Bytes)
	case m.stalled.Load():
		return n, fmt.Errorf("%s: %w: the server sent nothing for %v", m.from, ErrBroken, slowAfter)
	case errors.Is(err, context.Canceled):
		return n, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, fmt.Errorf("%s: %w after %d bytes", m.from, ErrBroken, m.n)
	case err != nil && !errors.Is(err, io.EOF):
		if errors.Is(err, context.DeadlineExceeded) {
			return n, fmt.Errorf("%s: it took longer than the limit of %v: %w", m.from, m.limits.Time, err)
		}
		return n, fmt.Errorf("%s: %w after %d bytes (%s)", m.from, ErrBroken, m.n, cause(err))
	case took > slowAfter && float64(m.n) < float64(m.limits.MinRate)*took.Seconds():
		return n, fmt.Errorf("%s: it comes slower than %d bytes a second", m.from, m.limits.MinRate)
	}
	if m.limits.Rate > 0 {
		due := time.Duration(float64(m.n) / float64(m.limits.Rate) * float64(time.Second))
		time.Sleep(due - took)
	}
	return n, err
}

func (m *metered) Close() error {
	m.cancel()
	return m.close()
}
