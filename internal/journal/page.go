package journal

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"math"
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

// page reads q.Limit rows from the cursor on, and finds out whether more follow.
func (h *history) page(q prediction.Query) (prediction.Page, error) {
	direction, from := byte(older), key{at: math.MaxInt64}
	if q.OldestFirst {
		direction, from = newer, key{}
	}
	if q.Cursor != "" {
		var err error
		if direction, from, err = parseCursor(q.Cursor); err != nil {
			return prediction.Page{}, err
		}
	}
	found, more := h.find(from, direction, cmp.Or(max(q.Limit, 0), 100), matcher(q))
	if direction == newer != q.OldestFirst {
		slices.Reverse(found)
	}
	page := prediction.Page{Results: make([]prediction.Prediction, len(found))}
	for i, r := range found {
		var err error
		if page.Results[i], err = r.record(); err != nil {
			return prediction.Page{}, err
		}
	}
	if len(found) == 0 {
		return page, nil
	}
	onward, back := byte(older), byte(newer)
	if q.OldestFirst {
		onward, back = back, onward
	}
	if direction == back || more {
		page.Next = cursor(onward, found[len(found)-1].key)
	}
	if direction == back && more || direction == onward && q.Cursor != "" {
		page.Previous = cursor(back, found[0].key)
	}
	return page, nil
}

// find collects up to limit rows beyond from, and whether there is one more.
func (h *history) find(from key, direction byte, limit int, match func(*row) bool) (found []*row, more bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	i, exact := slices.BinarySearchFunc(h.rows, from, func(x *row, k key) int { return x.compare(k) })
	step := 1
	if direction == older {
		i, step = i-1, -1
	} else if exact {
		i++
	}
	for ; i >= 0 && i < len(h.rows); i += step {
		if !match(h.rows[i]) {
			continue
		}
		if len(found) == limit {
			return found, true
		}
		found = append(found, h.rows[i])
	}
	return found, false
}

func matcher(q prediction.Query) func(*row) bool {
	words := strings.Fields(strings.ToLower(q.Search))
	var sought grams // of all words
	for _, w := range words {
		for i, bits := range gramsOf(w) {
			sought[i] |= bits
		}
	}
	after, before := q.CreatedAfter.UnixMicro(), q.CreatedBefore.UnixMicro()
	due := q.DeadlineBefore.UnixMicro()
	return func(r *row) bool {
		if q.Status != "" && r.status != q.Status || q.Source != "" && r.source != q.Source ||
			!q.CreatedAfter.IsZero() && r.at < after || !q.CreatedBefore.IsZero() && r.at >= before ||
			q.WithFiles && !r.files || !q.DeadlineBefore.IsZero() && (r.due == 0 || r.due >= due) {
			return false
		}
		if !r.grams.mayHold(&sought) {
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
