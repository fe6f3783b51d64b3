package tokenizer

import "container/heap"

// bpe joins the letters of a word by ranked merges. Symbols are numbers: every
// distinct letter or joined piece has one.
type bpe struct {
	symbols map[string]int32
	texts   []string
	merges  map[[2]int32]merge
}

type merge struct{ rank, into int32 }

func newBPE() *bpe {
	return &bpe{symbols: map[string]int32{}, merges: map[[2]int32]merge{}}
}

func (b *bpe) symbol(text string) int32 {
	n, ok := b.symbols[text]
	if !ok {
		n = int32(len(b.texts))
		b.symbols[text] = n
		b.texts = append(b.texts, text)
	}
	return n
}

// learn adds a merge; the last rank given to a pair counts.
func (b *bpe) learn(left, right string, rank int) {
	b.merges[[2]int32{b.symbol(left), b.symbol(right)}] = merge{int32(rank), b.symbol(left + right)}
}

// apply joins letters until no merge fits: always the best-ranked pair, everywhere it
// occurs from left to right, before the next is looked for. It takes n log n.
func (b *bpe) apply(letters []string) []string {
	word := make([]node, len(letters))
	for i, letter := range letters {
		n, ok := b.symbols[letter]
		if !ok {
			n = -1 // in no merge
		}
		word[i] = node{symbol: n, prev: i - 1, next: i + 1}
	}
	var queue candidates
	for i := range word {
		b.offer(&queue, word, i)
	}
	var batch []candidate
	for len(queue) > 0 {
		batch = batch[:0]
		for len(queue) > 0 && (len(batch) == 0 || queue[0].rank == batch[0].rank) {
			batch = append(batch, heap.Pop(&queue).(candidate))
		}
		for _, c := range batch {
			b.join(&queue, word, c)
		}
	}
	var out []string
	for i := 0; i < len(word); i = word[i].next {
		if s := word[i].symbol; s >= 0 {
			out = append(out, b.texts[s])
		} else {
			out = append(out, letters[i])
		}
	}
	return out
}

// join merges the pair at c, if it still stands there, and queues its new neighbours.
func (b *bpe) join(queue *candidates, word []node, c candidate) {
	left := &word[c.at]
	if left.symbol != c.left || left.next >= len(word) || word[left.next].symbol != c.right {
		return
	}
	right := &word[left.next]
	left.symbol = b.merges[[2]int32{c.left, c.right}].into
	right.symbol = gone
	left.next = right.next
	if left.next < len(word) {
		word[left.next].prev = c.at
	}
	if left.prev >= 0 {
		b.offer(queue, word, left.prev)
	}
	b.offer(queue, word, c.at)
}

// offer queues the pair that starts at i, if a merge knows it.
func (b *bpe) offer(queue *candidates, word []node, i int) {
	next := word[i].next
	if next >= len(word) {
		return
	}
	left, right := word[i].symbol, word[next].symbol
	if m, ok := b.merges[[2]int32{left, right}]; ok {
		heap.Push(queue, candidate{rank: m.rank, at: i, left: left, right: right})
	}
}

const gone = -2

type node struct {
	symbol     int32
	prev, next int
}

type candidate struct {
	rank        int32
	at          int
	left, right int32
}

type candidates []candidate

func (c candidates) Len() int { return len(c) }
func (c candidates) Less(i, j int) bool {
	return c[i].rank < c[j].rank || c[i].rank == c[j].rank && c[i].at < c[j].at
}
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *candidates) Push(x any)   { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := len(*c) - 1
	x := (*c)[last]
	*c = (*c)[:last]
	return x
}
