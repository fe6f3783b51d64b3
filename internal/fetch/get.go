package fetch

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Limits bound one download. A zero means the default.
type Limits struct {
	Bytes     int64         // of the unpacked body; default 40 MiB
	Time      time.Duration // in all; default 2 minutes
	Rate      int64         // bytes a second at most; default unbounded
	MinRate   int64         // bytes a second at least, over 10 seconds and longer; default 1,000
	Redirects int           // default 5; −1 for none
}

func (l Limits) orDefaults() Limits {
	set := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	set(&l.Bytes, 40<<20)
	set((*int64)(&l.Time), int64(2*time.Minute))
	set(&l.MinRate, 1000)
	if l.Redirects == 0 {
		l.Redirects = 5
	}
	return l
}

// Body is a download under way. Its Read ends with an error, not with io.EOF,
// when a limit is passed or the server sends less than it announced.
type Body struct {
	io.ReadCloser
	URL    *url.URL    // where it came from in the end
	Header http.Header // of the response
	Status int         // 200, or 206 where Range was asked for
	Length int64       // announced bytes to come, −1 if not
}

// StatusError is an answer other than success.
type StatusError struct {
	Address string // without user, password and query
	Code    int
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: the server answered %d %s", e.Address, e.Code, http.StatusText(e.Code))
}

// Get opens an address that a caller gave.
func (c *Client) Get(ctx context.Context, address string, limits Limits) (*Body, error) {
	return c.GetWith(ctx, address, nil, limits)
}

// GetWith is Get with headers of ours, such as Range or Authorization. All but
// Accept and Range stay behind when a redirect leaves the host.
func (c *Client) GetWith(ctx context.Context, address string, header http.Header, limits Limits) (*Body, error) {
	u, err := parse(address)
	if err != nil {
		return nil, err
	}
	limits = limits.orDefaults()
	ctx, cancel := context.WithTimeout(ctx, limits.Time)
	response, u, err := c.follow(ctx, u, header.Clone(), limits.Redirects)
	if err != nil {
		cancel()
		return nil, err
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusPartialContent {
		response.Body.Close()
		cancel()
		return nil, &StatusError{show(u), response.StatusCode}
	}
	body, err := newBody(response, u, limits, cancel)
	if err != nil {
		response.Body.Close()
		cancel()
		return nil, fmt.Errorf("%s: %w", show(u), err)
	}
	return body, nil
}

// follow sends the request and goes after redirects, each checked like the first address.
func (c *Client) follow(ctx context.Context, u *url.URL, header http.Header, redirects int) (*http.Response, *url.URL, error) {
	if header == nil {
		header = http.Header{}
	}
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "easel")
	}
	for hop := 0; ; hop++ {
		u = takeUser(u, header)
		r := (&http.Request{Method: http.MethodGet, URL: u, Header: header.Clone()}).WithContext(ctx)
		r.Header.Set("Accept-Encoding", "identity")
		response, err := c.transport.RoundTrip(r)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", show(u), explain(err, u.Hostname()))
		}
		location := response.Header.Get("Location")
		if !isRedirect(response.StatusCode) || location == "" {
			return response, u, nil
		}
		io.CopyN(io.Discard, response.Body, 4<<10) // so that the connection can be used again
		response.Body.Close()
		if hop >= redirects {
			return nil, nil, fmt.Errorf("%s: more than %d redirects", show(u), max(redirects, 0))
		}
		next, err := u.Parse(location)
		if err == nil {
			next, err = parse(next.String())
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: it redirects to a bad place: %w", show(u), err)
		}
		if next.Host != u.Host || next.Scheme != u.Scheme {
			keepPublic(header)
		}
		u = next
	}
}

func isRedirect(code int) bool {
	switch code {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// takeUser moves a URL's user and password to the header, where a change of host drops them.
func takeUser(u *url.URL, header http.Header) *url.URL {
	if u.User == nil {
		return u
	}
	password, _ := u.User.Password()
	header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)))
	bare := *u
	bare.User = nil
	return &bare
}

// keepPublic drops every header that might be a secret.
func keepPublic(header http.Header) {
	for name := range header {
		switch name {
		case "Accept", "Range", "If-Range", "If-None-Match", "User-Agent":
		default:
			delete(header, name)
		}
	}
}
