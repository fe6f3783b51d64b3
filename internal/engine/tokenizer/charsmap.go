package tokenizer

import (
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// charsmap is SentencePiece's precompiled normalisation: a double-array trie from
// text to offsets into a pool of replacements that end with a zero byte.
type charsmap struct {
	units []uint32
	pool  string
}

func parseCharsmap(raw []byte) (*charsmap, error) {
	if len(raw) < 4 {
		return nil, errors.New("precompiled_charsmap is cut short")
	}
	size := int64(binary.LittleEndian.Uint32(raw))
	raw = raw[4:]
	if size%4 != 0 || size == 0 || size > int64(len(raw)) {
		return nil, errors.New("precompiled_charsmap: the trie's size does not fit")
	}
	c := &charsmap{units: make([]uint32, size/4), pool: string(raw[size:])}
	for i := range c.units {
		c.units[i] = binary.LittleEndian.Uint32(raw[4*i:])
	}
	if !utf8.ValidString(c.pool) {
		return nil, errors.New("precompiled_charsmap: the replacements are not UTF-8")
	}
	return c, nil
}

// normalize looks up grapheme clusters of up to five bytes as a whole, then single
// characters. As in the tokenizers library, the shortest prefix known decides.
func (c *charsmap) normalize(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	state := -1
	for text != "" {
		var cluster string
		cluster, text, _, state = uniseg.FirstGraphemeClusterInString(text, state)
		if len(cluster) < 6 {
			if to, ok := c.lookup(cluster); ok {
				b.WriteString(to)
				continue
			}
		}
		for i, r := range cluster {
			part := cluster[i : i+utf8.RuneLen(r)]
			if to, ok := c.lookup(part); ok {
				b.WriteString(to)
			} else {
				b.WriteString(part)
			}
		}
	}
	return b.String()
}

// lookup walks the trie (darts-clone's layout) to the first entry along key.
func (c *charsmap) lookup(key string) (string, bool) {
	at := offset(c.units[0])
	for i := range len(key) {
		label := uint32(key[i])
		at ^= label
		if label == 0 || at >= uint32(len(c.units)) {
			return "", false
		}
		unit := c.units[at]
		if unit&(1<<31|0xff) != label {
			return "", false
		}
		at ^= offset(unit)
		if unit>>8&1 == 0 {
			continue
		}
		if at >= uint32(len(c.units)) {
			return "", false
		}
		from := c.units[at] & (1<<31 - 1)
		if from > uint32(len(c.pool)) {
			return "", false
		}
		to, _, _ := strings.Cut(c.pool[from:], "\x00")
		return to, utf8.ValidString(to)
	}
	return "", false
}

func offset(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }
