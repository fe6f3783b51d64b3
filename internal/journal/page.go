package journal

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"easel/internal/prediction"
)

// A cursor names the row beside a page and the direction to read from there.
const (
	older = 'n' // the next page
	newer = 'p' // the previous page
)

func cursor(direction byte, k key) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%c%d.%s", direction, k.at, k.id))
}

func parseCursor(s string) (direction byte, k key, err error) {
	bad := fmt.Errorf("cursor %q: %w", s, prediction.ErrInvalid)
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) < 2 || (raw[0] != older && raw[0] != newer) {
		return 0, k, bad
	}
	at, id, ok := strings.Cut(string(raw[1:]), ".")
	if k.at, err = strconv.ParseInt(at, 10, 64); err != nil || !ok {
		return 0, k, bad
	}
	k.id = id
	return raw[0], k, nil
}

// page reads q.Limit rows from the cursor on, and says whether more follow on either side.
func (h *history) page(q prediction.Query) (prediction.Page, error) {
	direction, from := byte(older), key{}
	if q.Cursor != "" {
		var err error
		if direction, from, err = parseCursor(q.Cursor); err != nil {
			return prediction.Page{}, err
		}
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	match := matcher(q)

	h.mu.RLock()
	defer h.mu.RUnlock()
	end := len(h.rows) // rows before end are older than the cursor, itself not among them
	if q.Cursor != "" {
		end, _ = slices.BinarySearchFunc(h.rows, from, func(x *row, k key) int { return x.compare(k) })
	}
	var found []*row
	more := false // beyond found, in the direction of reading
	take := func(r *row) (full bool) {
		if !match(r) {
			return false
		}
		if more = len(found) == limit; !more {
			found = append(found, r)
		}
		return more
	}
	if direction == newer {
		for i := end; i < len(h.rows); i++ {
			if h.rows[i].compare(from) != 0 && take(h.rows[i]) {
				break
			}
		}
		slices.Reverse(found)
	} else {
		for i := end - 1; i >= 0; i-- {
			if take(h.rows[i]) {
				break
			}
		}
	}

	page := prediction.Page{Results: make([]prediction.Prediction, len(found))}
	for i, r := range found {
		if err := json.Unmarshal(r.data, &page.Results[i]); err != nil {
			return prediction.Page{}, fmt.Errorf("list %s: %w", r.id, err)
		}
	}
	if len(found) == 0 {
		return page, nil
	}
	if direction == newer || more {
		page.Next = cursor(older, found[len(found)-1].key)
	}
	if (direction == newer && more) || (direction == older && q.Cursor != "") {
		page.Previous = cursor(newer, found[0].key)
	}
	return page, nil
}

func matcher(q prediction.Query) func(*row) bool {
	words := strings.Fields(strings.ToLower(q.Search))
	after, before := q.CreatedAfter.UnixMicro(), q.CreatedBefore.UnixMicro()
	return func(r *row) bool {
		if q.Status != "" && r.status != q.Status || q.Source != "" && r.source != q.Source ||
			!q.CreatedAfter.IsZero() && r.at < after || !q.CreatedBefore.IsZero() && r.at >= before {
			return false
		}
		for _, w := range words {
			if !strings.Contains(r.prompt, w) {
				return false
			}
		}
		return true
	}
}
