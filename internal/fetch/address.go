package fetch

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

const maxAddress = 8 << 10

var hostName = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$`)

// parse reads an address strictly. What different readers take for different
// hosts (numbers for IP addresses, backslashes, other scripts' dots, control
// characters) is refused, so that there is nothing to disagree about.
func parse(address string) (*url.URL, error) {
	if len(address) > maxAddress {
		return nil, fmt.Errorf("the address is longer than %d characters", maxAddress)
	}
	if i := strings.IndexFunc(address, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }); i >= 0 {
		return nil, fmt.Errorf("the address has the character %q in it; write it percent-encoded", address[i])
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("the address is not a valid URL")
	}
	if err := check(u); err != nil {
		return nil, err
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// check holds a parsed URL against the rules for scheme, host and port.
func check(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("the address begins with %q; only http:// and https:// are fetched", u.Scheme+":")
	}
	host := u.Hostname()
	if u.Opaque != "" || host == "" {
		return fmt.Errorf("the address has no host")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("the address has the port %q; ports are 1 to 65535", p)
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return fmt.Errorf("the address has an empty port")
	}
	if strings.HasPrefix(u.Host, "[") {
		ip, err := netip.ParseAddr(host)
		if err != nil || ip.Zone() != "" {
			return fmt.Errorf("the host %q is not an IPv6 address that can be fetched", host)
		}
		return nil
	}
	if len(host) > 253 || !hostName.MatchString(host) {
		return fmt.Errorf("the host %.100q is not a valid name; names in other scripts are written as xn--…", host)
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	if last := strings.ToLower(labels[len(labels)-1]); isNumber(last) {
		// WHATWG URL §3.5: a host that ends in a number is an IPv4 address.
		// Only the plain dotted form is read.
		if _, err := netip.ParseAddr(host); err != nil {
			return fmt.Errorf("the host %q is not an IPv4 address in plain form (like 192.0.2.1)", host)
		}
	}
	return nil
}

func isNumber(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// show is an address as an error may quote it.
func show(u *url.URL) string {
	path := u.EscapedPath()
	if len(path) > 100 {
		path = path[:100] + "…"
	}
	return u.Scheme + "://" + u.Host + path
}
