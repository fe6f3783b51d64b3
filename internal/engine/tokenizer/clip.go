package tokenizer

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// clip is transformers' CLIPTokenizer: byte-level pair encoding.
type clip struct {
	frame
	vocab   map[string]int64
	unknown int64
	merges  *bpe
	trie    *trie
	added   map[string]added
	size    int
}

// LoadCLIP reads vocab.json, merges.txt and the configuration files in dir.
func LoadCLIP(dir string) (Tokenizer, error) {
	t, err := loadCLIP(dir)
	if err != nil {
		return nil, fmt.Errorf("load tokenizer %s: %w", dir, err)
	}
	return t, nil
}

const (
	startOfText = "<|startoftext|>"
	endOfText   = "<|endoftext|>"
)

func loadCLIP(dir string) (*clip, error) {
	cfg, err := loadConfig(dir, config{Begin: startOfText, End: endOfText, Unknown: endOfText, Pad: endOfText})
	if err != nil {
		return nil, err
	}
	t := &clip{merges: newBPE(), trie: &trie{}, added: map[string]added{}}
	if err := readJSON(dir, "vocab.json", &t.vocab); err != nil {
		return nil, err
	}
	if t.vocab == nil {
		return nil, errors.New("vocab.json is missing or empty")
	}
	merges, err := readFile(dir, "merges.txt")
	if err != nil {
		return nil, err
	}
	t.learn(merges)
	for token, id := range t.vocab {
		if id < 0 || id > 1<<31-1 {
			return nil, fmt.Errorf("vocab.json: %q has the id %d", token, id)
		}
		t.size = max(t.size, int(id)+1)
	}
	if t.maxLength, err = cfg.maxLength(77); err != nil {
		return nil, err
	}
	return t, t.mark(cfg)
}

// mark makes the added tokens known and finds the ids of those with a role.
func (t *clip) mark(cfg config) error {
	for _, token := range cfg.added {
		t.add(token)
	}
	for _, content := range cfg.specials() {
		if _, ok := t.added[content]; ok {
			continue
		}
		id, ok := t.vocab[content]
		if !ok {
			id = int64(t.count())
		}
		t.add(added{Content: content, ID: id, Special: true})
	}
	for _, role := range []struct {
		name name
		id   *int64
	}{{cfg.Begin, &t.begin}, {cfg.End, &t.end}, {cfg.Unknown, &t.unknown}, {cfg.Pad, &t.pad}} {
		if role.name == "" {
			return errors.New("tokenizer_config.json: bos_token, eos_token, unk_token and pad_token must not be empty")
		}
		*role.id = t.added[string(role.name)].ID
	}
	return nil
}

func (t *clip) add(token added) {
	t.added[token.Content] = token
	t.trie.add(token.Content)
	t.size = max(t.size, int(token.ID)+1)
}

// learn reads merges.txt: its first line is a version, at most 48,894 merges count.
func (t *clip) learn(raw []byte) {
	raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	lines := strings.Split(strings.TrimFunc(valid(string(raw)), isSpace), "\n")
	for rank, line := range lines[1:min(len(lines), 49152-256-2+1)] {
		if pair := fields(line); len(pair) == 2 {
			t.merges.learn(pair[0], pair[1], rank)
		}
	}
}

// count is how many distinct tokens there are: the next new one's id.
func (t *clip) count() int {
	n := len(t.vocab)
	for content := range t.added {
		if _, ok := t.vocab[content]; !ok {
			n++
		}
	}
	return n
}

func (t *clip) Size() int { return t.size }

func (t *clip) Encode(text string, maxLen int) ([]int64, int) {
	var ids []int64
	for _, piece := range splitAdded(t.trie, t.added, valid(text)) {
		if token, ok := t.added[piece]; ok {
			ids = append(ids, token.ID)
			continue
		}
		for _, word := range words(clean(piece)) {
			ids = t.word(ids, word)
		}
	}
	return t.wrap(ids, maxLen)
}

// word appends the ids of one word. Its bytes become letters, the last one marked.
func (t *clip) word(ids []int64, word string) []int64 {
	if word == startOfText || word == endOfText {
		return append(ids, t.id(word))
	}
	letters := make([]string, len(word))
	for i := range len(word) {
		letters[i] = byteLetters[word[i]]
	}
	letters[len(letters)-1] += "</w>"
	for _, piece := range t.merges.apply(letters) {
		ids = append(ids, t.id(piece))
	}
	return ids
}

func (t *clip) id(piece string) int64 {
	if token, ok := t.added[piece]; ok {
		return token.ID
	}
	if id, ok := t.vocab[piece]; ok {
		return id
	}
	return t.unknown
}

// byteLetters spells each byte as a printable letter: printable Latin-1 as itself,
// the others from U+0100 on (GPT-2's bytes_to_unicode).
var byteLetters = func() (letters [256]string) {
	next := rune(256)
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= '¡' && b <= '¬' || b >= '®' {
			letters[b] = string(b)
		} else {
			letters[b] = string(next)
			next++
		}
	}
	return letters
}()
