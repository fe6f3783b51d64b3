package tokenizer

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// unigram cuts words into the pieces with the greatest sum of log-probabilities
// (Viterbi), as the tokenizers library's Unigram model.
type unigram struct {
	ids     map[string]int32
	scores  []float64
	trie    byteTrie
	unknown int32 // −1: none
	worst   float64
	bytes   bool // byte fallback
}

// unknownPenalty is what a character outside the vocabulary costs below the worst piece.
const unknownPenalty = 10

func newUnigram(pieces []string, scores []float64, unknown int32, bytes bool) (*unigram, error) {
	if len(pieces) == 0 {
		return nil, fmt.Errorf("the vocabulary is empty")
	}
	if int(unknown) >= len(pieces) || unknown < 0 {
		return nil, fmt.Errorf("the unknown token's id %d is outside the vocabulary of %d", unknown, len(pieces))
	}
	m := &unigram{ids: make(map[string]int32, len(pieces)), scores: scores, unknown: unknown, worst: math.Inf(1), bytes: bytes}
	for id, piece := range pieces {
		if !utf8.ValidString(piece) {
			return nil, fmt.Errorf("piece %d is not UTF-8", id)
		}
		if math.IsNaN(scores[id]) || math.IsInf(scores[id], 0) {
			return nil, fmt.Errorf("piece %d has the score %v", id, scores[id])
		}
		m.ids[piece] = int32(id)
		m.worst = min(m.worst, scores[id])
	}
	m.trie.build(m.ids)
	return m, nil
}

// arrival is the best way found to a place in the word.
type arrival struct {
	score float64
	from  int32
	id    int32
}

// encode appends the ids of a word's pieces. Unknown characters in a row become one.
func (m *unigram) encode(ids []int64, word string) []int64 {
	best := make([]arrival, len(word)+1)
	for i := range best {
		best[i].from = -1
	}
	for start, size := 0, 0; start < len(word); start += size {
		_, size = utf8.DecodeRuneInString(word[start:])
		so := best[start].score
		single := false
		m.trie.prefixes(word[start:], func(length int, id int32) {
			arrive(&best[start+length], so+m.scores[id], start, id)
			single = single || length == size
		})
		if !single {
			arrive(&best[start+size], so+(m.worst-unknownPenalty), start, m.unknown)
		}
	}
	mark := len(ids)
	for end := len(word); end > 0; {
		start := int(best[end].from)
		id := best[end].id
		for id == m.unknown && start > 0 && best[start].id == m.unknown {
			start = int(best[start].from)
		}
		ids = m.emit(ids, word[start:end])
		end = start
	}
	for i, j := mark, len(ids)-1; i < j; i, j = i+1, j-1 {
		ids[i], ids[j] = ids[j], ids[i]
	}
	return ids
}

func arrive(a *arrival, score float64, from int, id int32) {
	if a.from < 0 || score > a.score {
		*a = arrival{score, int32(from), id}
	}
}

// emit appends the id of one piece, backwards where bytes stand for it.
func (m *unigram) emit(ids []int64, piece string) []int64 {
	if id, ok := m.ids[piece]; ok {
		return append(ids, int64(id))
	}
	if m.bytes {
		spelled := ids
		for i := len(piece) - 1; i >= 0; i-- {
			id, ok := m.ids[fmt.Sprintf("<0x%02X>", piece[i])]
			if !ok {
				return append(ids, int64(m.unknown))
			}
			spelled = append(spelled, int64(id))
		}
		return spelled
	}
	return append(ids, int64(m.unknown))
}

// byteTrie finds all pieces that a text starts with. Children are linked lists in
// flat arrays: compact, and quick enough for prompts.
type byteTrie struct {
	first, next, id []int32
	label           []byte
}

func (t *byteTrie) build(ids map[string]int32) {
	t.node(0)
	for piece, id := range ids {
		at := int32(0)
		for i := range len(piece) {
			child := t.child(at, piece[i])
			if child < 0 {
				child = t.node(piece[i])
				t.next[child], t.first[at] = t.first[at], child
			}
			at = child
		}
		t.id[at] = id
	}
}

func (t *byteTrie) node(label byte) int32 {
	t.first, t.next, t.id = append(t.first, -1), append(t.next, -1), append(t.id, -1)
	t.label = append(t.label, label)
	return int32(len(t.label) - 1)
}

func (t *byteTrie) child(at int32, label byte) int32 {
	c := t.first[at]
	for c >= 0 && t.label[c] != label {
		c = t.next[c]
	}
	return c
}

func (t *byteTrie) prefixes(text string, yield func(length int, id int32)) {
	at := int32(0)
	for i := range len(text) {
		if at = t.child(at, text[i]); at < 0 {
			return
		}
		if t.id[at] >= 0 {
			yield(i+1, t.id[at])
		}
	}
}
