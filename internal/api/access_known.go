package api

import "net/http"

// Known says whether a request may do what callers may: always, where no token
// is asked for. Pages that are open to strangers ask it.
func (a *Access) Known(r *http.Request) bool {
	if !a.Required() {
		return true
	}
	_, err := a.caller(r)
	return err == nil
}
