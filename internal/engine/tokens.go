package engine

import (
	"sort"
	"unicode/utf8"
)

// Tokens is how much of what a variant can read a prompt takes.
type Tokens struct {
	Count int // the prompt's own, markers left out
	Limit int // that are read; the rest is cut
	Kept  int // bytes of the prompt that are read
}

// Tokens counts a prompt as the T5 encoder will read it.
func (e *Engine) Tokens(variant, prompt string) (Tokens, error) {
	v, err := e.variant(variant)
	if err != nil {
		return Tokens{}, err
	}
	count := func(text string) int {
		_, all := v.t5Tokens.Encode(text, 1) // the marker takes the one place
		return all
	}
	t := Tokens{Count: count(prompt), Limit: v.textTokens() - 1, Kept: len(prompt)}
	if t.Count <= t.Limit {
		return t, nil
	}
	var ends []int // of each character
	for i := 0; i < len(prompt); {
		_, n := utf8.DecodeRuneInString(prompt[i:])
		i += n
		ends = append(ends, i)
	}
	first := sort.Search(len(ends), func(i int) bool { return count(prompt[:ends[i]]) > t.Limit })
	if t.Kept = 0; first > 0 {
		t.Kept = ends[first-1]
	}
	return t, nil
}
