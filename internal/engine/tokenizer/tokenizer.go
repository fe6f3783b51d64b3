// Package tokenizer turns prompts into the token ids that FLUX's two text encoders
// were trained on, exactly as transformers' CLIPTokenizer (without ftfy) and
// T5TokenizerFast do.
package tokenizer

import "strings"

// Tokenizer is one vocabulary with its rules. It is safe for concurrent use.
type Tokenizer interface {
	// Encode returns exactly maxLen ids: the text's own between the markers that the
	// vocabulary wants, then padding. What does not fit is cut; cut counts the ids lost.
	Encode(text string, maxLen int) (ids []int64, cut int)
	// MaxLength is the configuration's model_max_length.
	MaxLength() int
	// Size is one more than the greatest id: what the embedding must hold at most.
	Size() int
}

// frame is what surrounds a text's ids. begin is −1 where nothing comes before them.
type frame struct {
	begin, end, pad int64
	maxLength       int
}

func (f frame) MaxLength() int { return f.maxLength }

// wrap cuts, marks and pads. A maxLen with no room for the markers keeps what fits.
func (f frame) wrap(body []int64, maxLen int) (ids []int64, cut int) {
	maxLen = max(maxLen, 0)
	markers := 1
	if f.begin >= 0 {
		markers++
	}
	room := max(maxLen-markers, 0)
	cut = max(len(body)-room, 0)
	ids = make([]int64, 0, max(maxLen, markers))
	if f.begin >= 0 {
		ids = append(ids, f.begin)
	}
	ids = append(append(ids, body[:len(body)-cut]...), f.end)
	for len(ids) < maxLen {
		ids = append(ids, f.pad)
	}
	return ids[:maxLen], cut
}

// valid replaces what is not UTF-8, as the reference never sees such text.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
