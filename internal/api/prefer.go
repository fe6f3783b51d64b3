package api

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxHold is how long a create request is held at most. replicate-python
// stops reading after 60 s, and its 2.0 sends the request again.
const maxHold = 58 * time.Second

// preference is what a caller's Prefer header asks for.
type preference struct {
	hold    time.Duration // 0: answer at once
	applied string        // for Preference-Applied; "" when nothing was
	async   bool          // respond-async, which the Cog routes know
}

// parsePrefer reads "wait", "wait=N" and "respond-async". A wait beyond 60 is
// taken as 60; anything else unknown is ignored, as RFC 7240 asks.
func parsePrefer(h http.Header) (p preference) {
	for _, item := range strings.Split(strings.Join(h.Values("Prefer"), ","), ",") {
		name, value, given := strings.Cut(strings.TrimSpace(item), "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "respond-async":
			p.async = true
		case "wait":
			seconds, applied := 60, "wait"
			if given {
				n, err := strconv.Atoi(strings.Trim(value, `" `))
				if err != nil || n < 1 {
					continue
				}
				seconds = min(n, 60)
				applied = "wait=" + strconv.Itoa(seconds)
			}
			p.hold, p.applied = min(time.Duration(seconds)*time.Second, maxHold), applied
		}
	}
	return p
}

const (
	minCancelAfter = 5 * time.Second
	maxCancelAfter = 7 * 24 * time.Hour
)

var durationText = regexp.MustCompile(`^(\d+|(\d+h)?(\d+m)?(\d+s)?)$`)

// parseCancelAfter reads "30", "30s", "5m" or "1h30m45s"; 0 when absent.
func parseCancelAfter(h http.Header) (time.Duration, error) {
	text := strings.TrimSpace(h.Get("Cancel-After"))
	if text == "" {
		return 0, nil
	}
	refused := problem(http.StatusBadRequest, fmt.Sprintf("Cancel-After must be a duration from 5s to 168h, such as 30, 30s, 5m or 1h30m45s; it is %q.", text))
	if !durationText.MatchString(text) {
		return 0, refused
	}
	if _, err := strconv.Atoi(text); err == nil {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < minCancelAfter || d > maxCancelAfter {
		return 0, refused
	}
	return d, nil
}
