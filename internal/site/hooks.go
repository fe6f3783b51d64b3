package site

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
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

func (h *hooks) put(token string, a views.Arrival) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	had, known := h.got[token]
	if known {
		h.got[token] = append([]views.Arrival{a}, had[:min(len(had), mostArrivals-1)]...)
	}
	return known
}

func (h *hooks) list(token string) ([]views.Arrival, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	got, known := h.got[token]
	return got, known
}

func (s *Site) makeHook(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, HooksPath+"/"+s.hooks.add())
}

// takeHook keeps a webhook that came to a test address.
func (s *Site) takeHook(c echo.Context) error {
	r := c.Request()
	body, err := io.ReadAll(io.LimitReader(r.Body, mostArrival))
	if err != nil {
		return err
	}
	a := views.Arrival{When: time.Now().Format("15:04:05"), Event: "A request", Body: string(body)}
	var p struct {
		Status string `json:"status"`
	}
	if json.Unmarshal(body, &p) == nil && p.Status != "" {
		a.Event = "status " + p.Status
		var pretty bytes.Buffer
		if json.Indent(&pretty, body, "", "  ") == nil {
			a.Body = pretty.String()
		}
	}
	for _, name := range []string{"Content-Type", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"} {
		if v := r.Header.Get(name); v != "" {
			a.Header = append(a.Header, views.Fact{Name: strings.ToLower(name), Value: v})
		}
	}
	if !s.hooks.put(c.Param("token"), a) {
		return prediction.ErrNotFound
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Site) showHook(c echo.Context) error {
	arrivals, known := s.hooks.list(c.Param("token"))
	if !known {
		return prediction.ErrNotFound
	}
	address := s.base(c) + HooksPath + "/" + c.Param("token")
	show := views.Sink{Page: page(c, "Webhook test · Easel", "/api"), Address: address, Private: private(address), Arrivals: arrivals}
	show.Refresh = 3
	return render(c, http.StatusOK, views.SinkPage(show))
}

// private says whether an address plainly leads into a private network.
func private(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsPrivate())
}
