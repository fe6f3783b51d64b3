package site

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"easel/views"
)

// HooksPath is where test addresses for webhooks are. Each is a capability:
// what lies below it needs no login.
const HooksPath = "/api/hooks"

const (
	mostHooks    = 64       // test addresses; the oldest goes first
	mostArrivals = 30       // at one address
	mostArrival  = 64 << 10 // bytes of a body that are kept
)

// hooks remembers what arrived at test addresses, for as long as the server runs.
type hooks struct {
	mu    sync.Mutex
	order []string
	got   map[string][]views.Arrival // by token, the newest first
}

func (h *hooks) add() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.got == nil {
		h.got = map[string][]views.Arrival{}
	}
	token := rand.Text()
	h.order = append(h.order, token)
	h.got[token] = nil
	if len(h.order) > mostHooks {
		delete(h.got, h.order[0])
		h.order = h.order[1:]
	}
	return token
}

// take keeps a webhook that came to a test address.
func (h *hooks) take(token string, header http.Header, content io.Reader) (known bool, err error) {
	if _, known := h.list(token); !known {
		return false, nil
	}
	body, err := io.ReadAll(io.LimitReader(content, mostArrival))
	if err != nil {
		return true, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	had, known := h.got[token]
	if known {
		h.got[token] = append([]views.Arrival{arrival(header, body)}, had[:min(len(had), mostArrivals-1)]...)
	}
	return known, nil
}

func (h *hooks) list(token string) ([]views.Arrival, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	got, known := h.got[token]
	return got, known
}

// at is the token of the test address that an address is, whatever the host
// is called there: nobody else's address holds a token of this server.
func (h *hooks) at(u *url.URL) (token string, known bool) {
	token, below := strings.CutPrefix(u.Path, HooksPath+"/")
	if !below {
		return "", false
	}
	_, known = h.list(token)
	return token, known
}

// arrival is what a webhook tells, laid out to be read.
func arrival(header http.Header, body []byte) views.Arrival {
	a := views.Arrival{When: time.Now().Format("15:04:05"), Event: "A request", Body: string(body)}
	var p struct {
		Status string `json:"status"`
	}
	if json.Unmarshal(body, &p) == nil && p.Status != "" {
		a.Event = "status " + p.Status
		var pretty bytes.Buffer
		if json.Indent(&pretty, body, "", "  ") == nil && pretty.Len() <= 4*mostArrival { // deep brackets indent without end
			a.Body = pretty.String()
		}
	}
	for _, name := range []string{"Content-Type", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"} {
		if v := header.Get(name); v != "" {
			a.Header = append(a.Header, views.Fact{Name: strings.ToLower(name), Value: v})
		}
	}
	return a
}

// Doer makes HTTP calls.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Deliver is next, but for webhooks to this server's own test addresses: those
// are handed over here. Most servers stand at an address that is private, which
// they would rightly refuse to call.
func (s *Site) Deliver(next Doer) Doer { return delivery{&s.hooks, next} }

// CheckWebhook is next, which says what is wrong with a caller's address, but
// for the test addresses.
func (s *Site) CheckWebhook(next func(address string) error) func(string) error {
	return func(address string) error {
		if u, err := url.Parse(address); err == nil {
			if _, own := s.hooks.at(u); own {
				return nil
			}
		}
		return next(address)
	}
}

type delivery struct {
	hooks *hooks
	next  Doer
}

func (d delivery) Do(r *http.Request) (*http.Response, error) {
	token, own := d.hooks.at(r.URL)
	if !own {
		return d.next.Do(r)
	}
	if _, err := d.hooks.take(token, r.Header, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{Status: "204 No Content", StatusCode: http.StatusNoContent, Body: http.NoBody, Request: r}, nil
}
