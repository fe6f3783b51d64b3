package fetch

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestCertificatesAreCheckedByName dials an address that was checked, yet
// holds the server to the name that the caller gave.
func TestCertificatesAreCheckedByName(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) }))
	defer server.Close()
	c := New(false)
	c.resolver = &names{table: map[string][]string{"example.com": {outside}, "other.example": {outside}}, asked: map[string]int{}}
	c.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	c.transport.TLSClientConfig = &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	defer c.transport.CloseIdleConnections()
	if got, err := all(c, t.Context(), "https://example.com/", Limits{}); err != nil || got != "example.com" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := all(c, t.Context(), "https://other.example/", Limits{}); err == nil || !strings.Contains(err.Error(), "certificate is not valid") {
		t.Errorf("a certificate for another name: %v", err)
	}
	if _, err := all(c, t.Context(), "http://example.com/", Limits{}); err == nil {
		t.Error("plain HTTP to a TLS port was taken for an answer") // the server answers 400
	}
}

func FuzzParse(f *testing.F) {
	for _, address := range tricks {
		f.Add(address)
	}
	f.Add("https://example.com:8443/a%20b?c=d")
	f.Fuzz(func(t *testing.T, address string) {
		u, err := parse(address)
		if err != nil {
			return
		}
		again, err := parse(u.String())
		if err != nil || again.Host != u.Host || again.Scheme != u.Scheme {
			t.Errorf("%q reads as %q, which reads as %v (%v)", address, u, again, err)
		}
		if host := u.Hostname(); strings.ContainsAny(host, "@/\\#? \r\n%") {
			t.Errorf("%q has the host %q", address, host)
		}
	})
}
