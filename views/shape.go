package views

import (
	"fmt"
	"strconv"

	"easel/internal/schema"
)

// shape is an aspect ratio drawn as a rectangle inside a 30 by 30 box.
type shape struct{ X, Y, W, H string }

func newShape(value string) (shape, bool) {
	m := ratio.FindStringSubmatch(value)
	if m == nil {
		return shape{}, false
	}
	w, _ := strconv.ParseFloat(m[1], 64)
	h, _ := strconv.ParseFloat(m[2], 64)
	const box, room = 30, 24
	scale := room / max(w, h)
	w, h = w*scale, h*scale
	f := func(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
	return shape{X: f((box - w) / 2), Y: f((box - h) / 2), W: f(w), H: f(h)}, true
}

// pixels is a ratio's size at one megapixel, as "1024×1024".
func pixels(value string) string {
	s, ok := schema.Sizes("1")[value]
	if !ok {
		return "your size"
	}
	return fmt.Sprintf("%d×%d", s[0], s[1])
}
