package api

import (
	"net/http"
	"net/netip"
	"sync"
)

// guessesAMinute is how many wrong tokens one address may try.
const guessesAMinute = 60

// guesses makes guessing tokens slow. An address that has tried too many wrong
// ones is not told of a right one either, or each guess would be answered all
// the same; what was right from there before stays so, for a proxy's address is
// that of everybody behind it.
type guesses struct {
	wrong *Limits // by address

	mu    sync.Mutex
	right map[string]bool // address and name of the token
}

func newGuesses() guesses { return guesses{wrong: NewLimits(0, 0), right: map[string]bool{}} }

// judge is what to answer to a token of this name, or to one that is wrong.
func (g *guesses) judge(r *http.Request, name string, wrong error) error {
	address := network(r.RemoteAddr)
	g.mu.Lock()
	defer g.mu.Unlock()
	key := address + " " + name
	if wrong == nil && g.right[key] {
		return nil
	}
	left := g.wrong.bucket(address, guessesAMinute)
	switch {
	case wrong == nil && left.Tokens() >= 1:
		if len(g.right) >= maxCallers {
			clear(g.right)
		}
		g.right[key] = true
		return nil
	case wrong != nil && left.Allow():
		return wrong
	}
	return errThrottled()
}

// network is what one caller holds of addresses: in IPv6 64 bits of them.
func network(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	address := at.Addr().Unmap()
	bits := 64
	if address.Is4() {
		bits = 32
	}
	return netip.PrefixFrom(address.WithZone(""), bits).Masked().String()
}
