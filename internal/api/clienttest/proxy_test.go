package clienttest

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

// proxy ends TLS before a server, as an operator's reverse proxy does.
type proxy struct {
	*httptest.Server
	server             // as its callers see it
	certificate string // a file that clients can be told to trust
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	p := &proxy{Server: httptest.NewTLSServer(http.NotFoundHandler()), certificate: filepath.Join(t.TempDir(), "ca.pem")}
	t.Cleanup(p.Server.Close)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Server.Certificate().Raw})
	if err := os.WriteFile(p.certificate, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// to passes everything on to s, whose --public-url is the proxy's.
func (p *proxy) to(t *testing.T, s *server) {
	t.Helper()
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(target)
	pass.FlushInterval = -1 // streams at once
	p.Config.Handler = pass
	p.server = server{url: p.URL, version: s.version}
}
