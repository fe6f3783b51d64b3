package tokenizer

import (
	"slices"

	"golang.org/x/text/unicode/norm"
)

// compose is Unicode's normal form C. The norm package breaks runs of more than 30
// combining marks with a joiner (the stream-safe format), which Python does not.
func compose(text string) string {
	marks := 0
	for _, r := range text {
		if marks++; norm.NFC.PropertiesString(string(r)).CCC() == 0 {
			marks = 0
		}
		if marks > 29 {
			return composeLong(text)
		}
	}
	return norm.NFC.String(text)
}

// composeLong is the algorithm of Unicode Standard Annex 15: decompose, order the
// marks by class, join each with the last starter unless one of its class is between.
func composeLong(text string) string {
	var runes []rune
	for _, r := range text {
		runes = append(runes, []rune(norm.NFD.String(string(r)))...)
	}
	classes := make([]uint8, len(runes))
	for i, r := range runes {
		classes[i] = norm.NFC.PropertiesString(string(r)).CCC()
	}
	out := make([]rune, 0, len(runes))
	starter, last := -1, uint8(0)
	for from := 0; from < len(runes); {
		to := from + 1
		for to < len(runes) && classes[to] != 0 {
			to++
		}
		order := runs(classes[from:to])
		for _, k := range order {
			r, class := runes[from+k], classes[from+k]
			if starter >= 0 && (last < class || last == 0 && starter == len(out)-1) {
				if joined, ok := join(out[starter], r); ok {
					out[starter] = joined
					continue
				}
			}
			if class == 0 {
				starter, last = len(out), 0
			} else {
				last = class
			}
			out = append(out, r)
		}
		from = to
	}
	return string(out)
}

// runs returns the stable order of a starter and its marks by class.
func runs(classes []uint8) []int {
	order := make([]int, len(classes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(classes[a]) - int(classes[b]) })
	return order
}

func join(a, b rune) (rune, bool) {
	joined := []rune(norm.NFC.String(string(a) + string(b)))
	return joined[0], len(joined) == 1
}
