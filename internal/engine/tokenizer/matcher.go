package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// matcher cuts text around added tokens as the tokenizers library does: leftmost,
// longest, not overlapping.
type matcher struct {
	byFirst map[byte][]pattern // longest first
}

type pattern struct {
	text  string
	token added
}

func newMatcher() *matcher { return &matcher{byFirst: map[byte][]pattern{}} }

func (m *matcher) add(text string, token added) {
	if text == "" {
		return
	}
	list := m.byFirst[text[0]]
	i := 0
	for i < len(list) && len(list[i].text) >= len(text) {
		i++
	}
	list = append(list, pattern{})
	copy(list[i+1:], list[i:])
	list[i] = pattern{text, token}
	m.byFirst[text[0]] = list
}

// each calls yield for every piece in order, with its token where it is one. first
// tells that the piece starts where text does.
func (m *matcher) each(text string, yield func(piece string, token *added, first bool)) {
	from := 0
	for at := 0; at < len(text); {
		p := m.at(text, at)
		if p == nil {
			at++
			continue
		}
		start, stop := at, at+len(p.text)
		at = stop
		if p.token.SingleWord && (endsWithWord(text[:start]) || startsWithWord(text[stop:])) {
			continue
		}
		if p.token.LStrip {
			start = max(len(strings.TrimRightFunc(text[:start], unicode.IsSpace)), from)
		}
		if p.token.RStrip {
			stop = len(text) - len(strings.TrimLeftFunc(text[stop:], unicode.IsSpace))
		}
		if from < start {
			yield(text[from:start], nil, from == 0)
		}
		yield(text[start:stop], &p.token, start == 0)
		from = stop
	}
	if from < len(text) {
		yield(text[from:], nil, from == 0)
	}
}

func (m *matcher) at(text string, at int) *pattern {
	list := m.byFirst[text[at]]
	for i := range list {
		if strings.HasPrefix(text[at:], list[i].text) {
			return &list[i]
		}
	}
	return nil
}

func endsWithWord(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(text)
	return text != "" && isWord(r)
}

func startsWithWord(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return text != "" && isWord(r)
}

// isWord is \w of Unicode's regular expressions.
func isWord(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control)
}
