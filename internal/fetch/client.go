package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Resolver finds a host's addresses; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Client fetches what callers name. It keeps connections, no cookies, and uses no proxy.
type Client struct {
	allowPrivate bool
	resolver     Resolver
	dial         func(ctx context.Context, network, address string) (net.Conn, error)
	transport    *http.Transport
}

// New makes a client. allowPrivate lets it reach private, loopback and
// link-local addresses as well: only for operators whose callers may.
func New(allowPrivate bool) *Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	c := &Client{allowPrivate: allowPrivate, resolver: net.DefaultResolver, dial: dialer.DialContext}
	c.transport = &http.Transport{
		DialContext:            c.dialChecked,
		DisableCompression:     true, // bodies are unpacked, under a limit, by body
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           32,
		IdleConnTimeout:        60 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	return c
}

// errPrivate is kept apart from failures to connect: it tells nothing of what
// is or is not there.
var errPrivate = errors.New("is at a private address, which is fetched only with --allow-private")

// dialChecked resolves a host once, refuses it if any answer is not public,
// and dials an answer: a second look-up, with another answer, never happens.
func (c *Client) dialChecked(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	ips, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var last error
	for _, ip := range ips {
		conn, err := c.dial(ctx, network, net.JoinHostPort(ip.String(), port))
		if err == nil {
			return conn, nil
		}
		last = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	var ips []netip.Addr
	if ip, err := netip.ParseAddr(host); err == nil {
		ips = []netip.Addr{ip}
	} else if ips, err = c.resolver.LookupNetIP(ctx, "ip", host); err != nil {
		return nil, err
	}
	if len(ips) == 0 {
		return nil, &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
	for i, ip := range ips {
		if !c.allowPrivate && !public(ip) {
			return nil, errPrivate
		}
		ips[i] = ip.Unmap()
	}
	return ips, nil
}

// Check refuses what can be refused without asking the network: an address
// that is not well-formed, and a number that is private. What a name leads to
// is checked when it is dialled.
func (c *Client) Check(address string) error {
	u, err := parse(address)
	if err != nil {
		return err
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !c.allowPrivate && !public(ip) {
		return fmt.Errorf("%s %w", u.Hostname(), errPrivate)
	}
	return nil
}

// Do sends one request, as webhooks need it: checked like Get, but a redirect
// is the answer and is not followed. The caller bounds time by the request's
// context and the body by reading no more than it wants.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	u, err := parse(r.URL.String())
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL, r.Host = u, ""
	response, err := c.transport.RoundTrip(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", show(u), explain(err, u.Hostname()))
	}
	return response, nil
}

// explain turns a transport's error into a sentence, without addresses of
// machines. It wraps the cause only where a caller acts on it.
func explain(err error, host string) error {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, errPrivate):
		return fmt.Errorf("%s %w", host, errPrivate)
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("the server did not answer in time: %w", context.DeadlineExceeded)
	case errors.As(err, &dns):
		return fmt.Errorf("the host %s was not found", host)
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return fmt.Errorf("the server's certificate is not valid (%s)", cause(err))
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("%s does not accept connections", host)
	}
	return fmt.Errorf("the server broke off or does not speak HTTP (%s)", cause(err))
}

// cause is the innermost error's own words, which name no address.
func cause(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
