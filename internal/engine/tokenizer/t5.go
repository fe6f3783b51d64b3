package tokenizer

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// t5 is transformers' T5TokenizerFast: a unigram model over words.
type t5 struct {
	frame
	model     *unigram
	normalize normalizer
	split     preTokenizer
	literal   *matcher // added tokens found in the text as it is
	normal    *matcher // those found in the normalised text
	size      int
}

// LoadT5 reads tokenizer.json in dir, or spiece.model where there is none or where
// tokenizer_config.json sets add_prefix_space (transformers then builds from it too).
func LoadT5(dir string) (Tokenizer, error) {
	t, err := loadT5(dir)
	if err != nil {
		return nil, fmt.Errorf("load tokenizer %s: %w", dir, err)
	}
	return t, nil
}

func loadT5(dir string) (*t5, error) {
	cfg, err := loadConfig(dir, config{End: "</s>", Unknown: "<unk>", Pad: "<pad>"})
	if err != nil {
		return nil, err
	}
	raw, err := readFile(dir, "tokenizer.json")
	fast := err == nil
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var p *plan
	if set := string(cfg.AddPrefixSpace); fast && (set == "" || set == "null") {
		if p, err = parseTokenizerJSON(raw); err != nil {
			return nil, fmt.Errorf("tokenizer.json: %w", err)
		}
	} else {
		if raw, err = readFile(dir, "spiece.model"); err != nil {
			return nil, err
		}
		if p, err = parseSpiece(raw, cfg); err != nil {
			return nil, fmt.Errorf("spiece.model: %w", err)
		}
	}
	return newT5(p, cfg)
}

// plan is what either file says: the model, the way to it, and the added tokens.
type plan struct {
	model     *unigram
	normalize normalizer
	split     preTokenizer
	added     []added
	end       int64 // the end token's id, −1: the configuration's
}

func newT5(p *plan, cfg config) (*t5, error) {
	t := &t5{model: p.model, normalize: p.normalize, split: p.split, size: len(p.model.scores)}
	tokens := p.added
	known := map[string]int64{}
	for _, token := range tokens {
		known[token.Content] = token.ID
	}
	add := func(token added) {
		if _, ok := known[token.Content]; ok {
			return
		}
		if id, ok := p.model.ids[token.Content]; ok {
			token.ID = int64(id)
		} else {
			// As tokenizers does: after the model's and the added ones.
			token.ID = int64(len(p.model.scores))
			for _, other := range tokens {
				token.ID = max(token.ID, other.ID+1)
			}
		}
		known[token.Content] = token.ID
		tokens = append(tokens, token)
	}
	for _, token := range cfg.added {
		add(token)
	}
	for _, content := range specials(cfg) {
		add(added{Content: content, Special: true})
	}
	for _, token := range tokens {
		t.size = max(t.size, int(token.ID)+1)
	}
	t.literal, t.normal = newMatcher(), newMatcher()
	for _, token := range tokens {
		if token.Normalized {
			t.normal.add(t.normalize.normalize(token.Content), token)
		} else {
			t.literal.add(token.Content, token)
		}
	}
	var err error
	if t.maxLength, err = cfg.maxLength(512); err != nil {
		return nil, err
	}
	t.begin = -1
	var ok bool
	if t.end, ok = known[string(cfg.End)]; !ok && p.end < 0 {
		return nil, fmt.Errorf("the end token %q is unknown", cfg.End)
	}
	if p.end >= 0 {
		t.end = p.end
	}
	if t.pad, ok = known[string(cfg.Pad)]; !ok {
		return nil, fmt.Errorf("the padding token %q is unknown", cfg.Pad)
	}
	return t, nil
}

// sentinels are T5's extra ids, <extra_id_0> and on, as many as the configuration says.
func sentinels(cfg config) []string {
	n := 100
	if cfg.ExtraIDs != nil {
		n = *cfg.ExtraIDs
	}
	var all []string
	for i := range min(max(n, 0), 1000) {
		all = append(all, fmt.Sprintf("<extra_id_%d>", i))
	}
	return all
}

// specials are the tokens with a role, and the sentinels where none of them is listed.
func specials(cfg config) []string {
	all := cfg.specials()
	for _, content := range all {
		if strings.Contains(content, "<extra_id_") {
			return all
		}
	}
	return append(all, sentinels(cfg)...)
}

func (t *t5) Size() int { return t.size }

func (t *t5) Encode(text string, maxLen int) ([]int64, int) {
	var ids []int64
	text = valid(text)
	t.literal.each(text, func(piece string, token *added, first bool) {
		if token != nil {
			ids = append(ids, token.ID)
			return
		}
		t.normal.each(t.normalize.normalize(piece), func(piece string, token *added, start bool) {
			if token != nil {
				ids = append(ids, token.ID)
				return
			}
			t.split.each(piece, first && start, func(word string) {
				ids = t.model.encode(ids, word)
			})
		})
	})
	return t.wrap(ids, maxLen)
}
