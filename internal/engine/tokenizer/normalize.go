package tokenizer

import (
	"strings"
	"unicode"
)

// normalizer rewrites text before the model sees it.
type normalizer interface{ normalize(text string) string }

type sequence []normalizer

func (s sequence) normalize(text string) string {
	for _, n := range s {
		text = n.normalize(text)
	}
	return text
}

type strip struct{ left, right bool }

func (s strip) normalize(text string) string {
	if s.left {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
	}
	if s.right {
		text = strings.TrimRightFunc(text, unicode.IsSpace)
	}
	return text
}

type replace struct{ old, new string }

func (r replace) normalize(text string) string { return strings.ReplaceAll(text, r.old, r.new) }

// replaceRuns replaces two spaces or more.
type replaceRuns struct{ new string }

func (r replaceRuns) normalize(text string) string {
	if !strings.Contains(text, "  ") {
		return text
	}
	var b strings.Builder
	for text != "" {
		i := strings.Index(text, "  ")
		if i < 0 {
			b.WriteString(text)
			break
		}
		b.WriteString(text[:i])
		b.WriteString(r.new)
		text = strings.TrimLeft(text[i:], " ")
	}
	return b.String()
}

// preTokenizer cuts normalised text into the words the model is asked for. first
// tells that piece starts where the whole text does.
type preTokenizer interface {
	each(piece string, first bool, yield func(word string))
}

// metaspace writes spaces as a mark, puts one in front and cuts before each.
type metaspace struct {
	mark   string
	prefix string // always, first or never
	whole  bool   // does not cut
}

func (m metaspace) each(piece string, first bool, yield func(string)) {
	piece = strings.ReplaceAll(piece, " ", m.mark)
	if piece != "" && !strings.HasPrefix(piece, m.mark) && (m.prefix == "always" || m.prefix == "first" && first) {
		piece = m.mark + piece
	}
	for piece != "" {
		end, from := len(piece), 0
		if strings.HasPrefix(piece, m.mark) {
			from = len(m.mark)
		}
		if i := strings.Index(piece[from:], m.mark); i >= 0 && !m.whole {
			end = from + i
		}
		yield(piece[:end])
		piece = piece[end:]
	}
}

// whitespaceSplit drops white space and cuts there.
type whitespaceSplit struct{}

func (whitespaceSplit) each(piece string, first bool, yield func(string)) {
	for _, word := range strings.FieldsFunc(piece, unicode.IsSpace) {
		yield(word)
	}
}

// chain runs one preTokenizer on the words of the other.
type chain struct{ outer, inner preTokenizer }

func (c chain) each(piece string, first bool, yield func(string)) {
	c.outer.each(piece, first, func(word string) { c.inner.each(word, false, yield) })
}
