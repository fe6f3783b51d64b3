package tokenizer

import (
	"slices"
	"strings"
)

// trie finds added tokens as transformers' slow tokenizers do.
type trie struct {
	next map[rune]*trie
	end  bool
}

func (t *trie) add(word string) {
	for _, r := range word {
		child := t.next[r]
		if child == nil {
			child = &trie{}
			if t.next == nil {
				t.next = map[rune]*trie{}
			}
			t.next[r] = child
		}
		t = child
	}
	t.end = true
}

// partial is a token that may be under way: where it began and how far it got.
type partial struct {
	start int
	at    *trie
	lost  bool
}

// split cuts text around the tokens in it: the first to be completed wins, then the
// longest from its start or from an earlier one still under way.
func (t *trie) split(text string) []string {
	runes := []rune(text)
	var cuts []int
	var states []partial
	skip := 0
	for i, r := range runes {
		if i < skip {
			continue
		}
		if start, end, ok := advance(states, runes, i); ok {
			cuts = append(cuts, start, end)
			skip = end
			states = states[:0]
		} else {
			states = slices.DeleteFunc(states, func(s partial) bool { return s.lost })
		}
		if child := t.next[r]; child != nil && i >= skip {
			states = append(states, partial{start: i, at: child})
		}
	}
	for _, s := range states {
		if s.at.end {
			cuts = append(cuts, s.start, len(runes))
			break
		}
	}
	return cutAt(runes, append(cuts, len(runes)))
}

// advance moves every state past runes[i]. Where one is already complete it stops and
// returns the token found.
func advance(states []partial, runes []rune, i int) (start, end int, ok bool) {
	for k := range states {
		s := &states[k]
		if s.at.end {
			start, end = lookAhead(states[:k+1], runes, i)
			return start, end, true
		}
		if child := s.at.next[runes[i]]; child != nil {
			s.at = child
		} else {
			s.lost = true
		}
	}
	return 0, 0, false
}

// lookAhead returns the longest token of the earliest state that completes one. The
// last state is complete and stands before runes[i]; the others stand behind it, also
// those just lost, which is the reference's slip.
func lookAhead(states []partial, runes []rune, i int) (start, end int) {
	last := len(states) - 1
	for k, s := range states {
		at, pos, found := s.at, i+1, false
		if k == last {
			pos = i
		}
		for {
			if at.end {
				start, end, found = s.start, pos, true
			}
			if pos >= len(runes) || at.next[runes[pos]] == nil {
				break
			}
			at = at.next[runes[pos]]
			pos++
		}
		if found {
			break
		}
	}
	return start, end
}

func cutAt(runes []rune, cuts []int) []string {
	var pieces []string
	from := 0
	for _, to := range cuts {
		if to > from {
			pieces = append(pieces, string(runes[from:to]))
			from = to
		}
	}
	return pieces
}

// splitAdded cuts text around the added tokens. Those take the white space beside
// them or insist on standing alone, as PreTrainedTokenizer.tokenize has it.
func splitAdded(t *trie, tokens map[string]added, text string) []string {
	pieces := t.split(text)
	for i := range pieces {
		token, ok := tokens[pieces[i]]
		if !ok {
			continue
		}
		var left, right string
		if i > 0 {
			left = pieces[i-1]
		}
		if i+1 < len(pieces) {
			right = pieces[i+1]
		}
		if token.RStrip && right != "" {
			pieces[i+1] = strings.TrimLeftFunc(right, isSpace)
		}
		if token.LStrip && left != "" {
			pieces[i-1] = strings.TrimRightFunc(left, isSpace)
		}
		switch {
		case !token.SingleWord:
		case left != "" && !strings.HasSuffix(left, " "):
			pieces[i-1] += token.Content
			pieces[i] = ""
		case right != "" && !strings.HasPrefix(right, " "):
			pieces[i+1] = token.Content + pieces[i+1]
			pieces[i] = ""
		}
	}
	return pieces
}
