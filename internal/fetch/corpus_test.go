package fetch

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// names is a resolver with a fixed table; a name with several answers gives
// them one after another, as a rebinding server does.
type names struct {
	mu    sync.Mutex
	table map[string][]string // each answer: addresses split by spaces
	asked map[string]int
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	answers := n.table[strings.ToLower(strings.TrimSuffix(host, "."))]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	i := min(n.asked[host], len(answers)-1)
	n.asked[host]++
	var ips []netip.Addr
	for _, s := range strings.Fields(answers[i]) {
		ips = append(ips, netip.MustParseAddr(s))
	}
	return ips, nil
}

const outside = "93.184.216.34" // stands for the public internet; dialled, it is the test's server

// world is a client whose names come from a table and whose every connection
// ends at the test's server, with a note of where it meant to go.
func world(t *testing.T, table map[string][]string, handler http.HandlerFunc) (*Client, func() []string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	var mu sync.Mutex
	var dialled []string
	c := New(false)
	c.resolver = &names{table: table, asked: map[string]int{}}
	c.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		dialled = append(dialled, address)
		mu.Unlock()
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	t.Cleanup(c.transport.CloseIdleConnections)
	return c, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return dialled
	}
}

// tricks are addresses that must be refused before anything is dialled.
var tricks = []string{
	// loopback and private, plainly
	"http://127.0.0.1/", "http://127.0.0.1:8080/", "http://127.255.255.254/", "http://0.0.0.0/", "http://0.0.0.1/",
	"http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data/",
	"http://100.64.0.1/", "http://100.100.100.200/", "http://168.63.129.16/", "http://192.0.0.192/", "http://198.18.0.1/",
	"http://224.0.0.1/", "http://239.255.255.250/", "http://240.0.0.1/", "http://255.255.255.255/", "http://192.0.2.1/",
	// decimal, octal, hex, short
	"http://2130706433/", "http://017700000001/", "http://0x7f000001/", "http://0x7F.0.0.1/", "http://0177.0.0.1/",
	"http://127.1/", "http://127.0.1/", "http://0/", "http://0x0/", "http://0x7f.1/", "http://127.0.0.1./", "http://00000177.0.0.1/",
	"http://3232235777/", "http://192.168.257/", "http://10.1/", "http://425.510.425.510/", "http://127.0.0.0x1/", "http://1.1.1.1.1/",
	// IPv6
	"http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/",
	"http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[::1%25lo]/", "http://[2001:4860:4860::8888%25eth0]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/", "http://[fec0::1]/", "http://[ff02::1]/",
	"http://[64:ff9b::7f00:1]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::a00:1]/", "http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::1]/",
	"http://[2001:0:53aa:64c:0:0:80ff:fffe]/", "http://[2001:db8::1]/", "http://[100::1]/", "http://[::ffff:0:127.0.0.1]/", "http://[1::1]/",
	"http://[::1/", "http://::1/", "http://[127.0.0.1]/",
	// names that resolve to the inside
	"http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://inside.example/", "http://metadata.example/", "http://mapped.example/",
	"http://nat64.example/", "http://mixed.example/", "http://six.example/", "http://nowhere.example/",
	// @ # \ and friends
	"http://example.com@127.0.0.1/", "http://example.com:80@127.0.0.1/", "http://user:pass@localhost/", "http://127.0.0.1#@example.com/", "http://127.0.0.1?@example.com/",
	"http://127.0.0.1\\@example.com/", "http://example.com\\@127.0.0.1/", "http://example.com%40127.0.0.1/", "http://127.0.0.1%2f@localhost/", "http://127.0.0.1:80:80/", "http://a@b@127.0.0.1/", "http:///127.0.0.1/", "http:127.0.0.1/", "http:\\\\127.0.0.1/", "http:/127.0.0.1/",
	// other scripts' characters
	"http://127。0。0。1/", "http://127．0．0．1/", "http://127｡0｡0｡1/", "http://①②⑦.⓪.⓪.①/", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "http://loc\u00adalhost/", "http://localho\u017ft/", "http://127%2e0%2e0%2e1/", "http://%31%32%37.0.0.1/", "http://exa\u200bmple.com/",
	// control characters and space
	"http://example.com/\r\nX: y", "http://example.com\r\n/", "http://127.0.0.1\t/", "http://exa mple.com/", "http://example.com/\x00", " http://example.com/", "http://example.com /", "http://example.com%0d%0a/", "http://example.com\x7f/",
	// schemes and ports
	"file:///etc/passwd", "gopher://example.com/", "ftp://example.com/", "dict://example.com:11211/", "javascript:alert(1)", "data:text/plain,x", "//example.com/", "example.com", "/etc/passwd", "unix:///run/x.sock", "HTTPX://example.com/", "",
	"http://", "http://:80/", "http://example.com:/", "http://example.com:0/", "http://example.com:65536/", "http://example.com:80a/", "http://example.com:-1/",
	"http://-.example.com/", "http://exam..ple.com/", "http://.example.com/", "http://" + strings.Repeat("a", 64) + ".com/", "http://example.com/" + strings.Repeat("a", maxAddress),
}

func TestTricksAreRefusedUndialled(t *testing.T) {
	if len(tricks) < 60 {
		t.Fatalf("%d tricks", len(tricks))
	}
	c, dialled := world(t, map[string][]string{
		"localhost": {"127.0.0.1 ::1"}, "inside.example": {"10.1.2.3"}, "metadata.example": {"169.254.169.254"}, "mapped.example": {"::ffff:192.168.0.1"},
		"nat64.example": {"64:ff9b::a00:1"}, "mixed.example": {outside + " 127.0.0.1"}, "six.example": {"fd00::1"}, "example.com": {outside},
	}, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "reached") })
	for _, address := range tricks {
		body, err := c.Get(t.Context(), address, Limits{})
		if err == nil {
			body.Close()
			t.Errorf("%q was fetched", address)
			continue
		}
		if s := err.Error(); strings.ContainsAny(s, "\r\n\x00") || strings.Contains(s, "pass") && strings.Contains(address, ":pass@") {
			t.Errorf("%q: the error %q quotes what it must not", address, s)
		}
	}
	if got := dialled(); len(got) > 0 {
		t.Errorf("dialled %v", got)
	}
	// Do is held to the same rules.
	for _, address := range tricks {
		if address == "http://example.com:/" {
			continue // NewRequest itself makes it http://example.com/
		}
		if r, err := http.NewRequest(http.MethodPost, address, nil); err == nil {
			if response, err := c.Do(r); err == nil {
				response.Body.Close()
				t.Errorf("Do reached %q", address)
			}
		}
	}
	if got := dialled(); len(got) > 0 {
		t.Errorf("Do dialled %v", got)
	}
}

func TestHonestAddressesAreFetched(t *testing.T) {
	c, _ := world(t, map[string][]string{"example.com": {outside}, "six.example": {"2606:2800:220:1::1"}, "xn--bcher-kva.example": {outside}, "nat64.example": {"64:ff9b::5db8:d822"}, "x_y.example": {outside}},
		func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.String()) })
	for address, want := range map[string]string{
		"http://example.com": "/", "http://example.com/a%20b?c=d#e": "/a%20b?c=d", "HTTP://EXAMPLE.com./x": "/x", "http://" + outside + ":8080/y": "/y",
		"http://six.example/": "/", "http://[2606:2800:220:1::1]/z": "/z", "http://xn--bcher-kva.example/": "/", "http://nat64.example/": "/", "http://x_y.example/": "/", "http://[::ffff:93.184.216.34]/": "/",
	} {
		if got, err := all(c, t.Context(), address, Limits{}); err != nil || got != want {
			t.Errorf("%s: %q, %v", address, got, err)
		}
	}
}

// TestAnswersThatChange is DNS rebinding: the first answer is public, later
// ones are not. Only addresses that were checked are ever dialled.
func TestAnswersThatChange(t *testing.T) {
	c, dialled := world(t, map[string][]string{"rebind.example": {outside, "127.0.0.1"}}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, "ok")
	})
	if got, err := all(c, t.Context(), "http://rebind.example/", Limits{}); err != nil || got != "ok" {
		t.Fatal(got, err)
	}
	if _, err := all(c, t.Context(), "http://rebind.example/", Limits{}); err == nil || !strings.Contains(err.Error(), "private") {
		t.Errorf("second time: %v", err)
	}
	if got := dialled(); len(got) != 1 || got[0] != outside+":80" {
		t.Errorf("dialled %v", got)
	}
}

func TestAllowPrivate(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "inside") }))
	defer server.Close()
	if got, err := all(New(true), t.Context(), server.URL, Limits{}); err != nil || got != "inside" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := all(New(false), t.Context(), server.URL, Limits{}); err == nil || !strings.Contains(err.Error(), "--allow-private") {
		t.Error(err)
	}
}
