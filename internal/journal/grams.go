package journal

// grams is a set of the triples of bytes in a text, in 256 bits. A text that
// holds a word holds the word's triples, so most texts that do not are told
// apart without reading them: some 100 bytes fill a third of the bits.
type grams [4]uint64

func gramsOf(text string) (g grams) {
	for i := range max(0, len(text)-2) {
		h := (uint32(text[i])<<16 | uint32(text[i+1])<<8 | uint32(text[i+2])) * 2654435761 >> 24 // Knuth's multiplicative hash
		g[h>>6] |= 1 << (h & 63)
	}
	return g
}

// mayHold is true of every text that holds the word, and of few others.
func (g *grams) mayHold(word *grams) bool {
	return g[0]&word[0] == word[0] && g[1]&word[1] == word[1] && g[2]&word[2] == word[2] && g[3]&word[3] == word[3]
}
