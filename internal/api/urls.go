package api

import (
	"net/http"
	"strings"

	"easel/internal/prediction"
)

// streamPrefix marks a stream's capability in the place of a file id: the
// JavaScript client treats a stream as one of files only when its path starts
// with /v1/files/.
const streamPrefix = "strm-"

// base is this server's address as the caller knows it, without a slash at the end.
func (a *API) base(r *http.Request) string {
	if a.PublicURL != "" {
		return a.address()
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// address is this server's address where no request tells it.
func (a *API) address() string { return strings.TrimRight(first(a.PublicURL, a.OwnURL), "/") }

func predictionURL(base, id string) string { return base + "/v1/predictions/" + id }

func fileURL(base, path string) string { return base + "/files/" + path }

// urls is a prediction's own links. A stream is left out, not null, where
// there is none: strict readers take strings only.
func urls(base string, p prediction.Prediction, stream bool) map[string]string {
	own := predictionURL(base, p.ID)
	u := map[string]string{"get": own, "cancel": own + "/cancel", "web": base + "/p/" + p.ID}
	if stream && p.StreamToken != "" {
		u["stream"] = base + "/v1/files/" + streamPrefix + p.ID + "-" + p.StreamToken
	}
	return u
}

// parseStream splits the capability of a stream into prediction and token.
func parseStream(id string) (predictionID, token string, ok bool) {
	rest, ok := strings.CutPrefix(id, streamPrefix)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, "-")
}
