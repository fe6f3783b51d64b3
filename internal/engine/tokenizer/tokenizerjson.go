package tokenizer

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// parseTokenizerJSON reads the tokenizers library's file, as far as T5's use it: a
// unigram model with the normalisers and pre-tokenizers below.
func parseTokenizerJSON(raw []byte) (*plan, error) {
	var file struct {
		Added         []added         `json:"added_tokens"`
		Normalizer    json.RawMessage `json:"normalizer"`
		PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
		PostProcessor template        `json:"post_processor"`
		Model         struct {
			Type         string
			Unknown      *int32 `json:"unk_id"`
			Vocab        []scored
			ByteFallback bool `json:"byte_fallback"`
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, err
	}
	if file.Model.Type != "Unigram" {
		return nil, fmt.Errorf("model.type is %q, only Unigram is known", file.Model.Type)
	}
	if file.Model.Unknown == nil {
		return nil, errors.New("model.unk_id is missing")
	}
	p := &plan{added: file.Added}
	pieces, scores := make([]string, len(file.Model.Vocab)), make([]float64, len(file.Model.Vocab))
	for i, v := range file.Model.Vocab {
		pieces[i], scores[i] = v.piece, v.score
	}
	var err error
	if p.model, err = newUnigram(pieces, scores, *file.Model.Unknown, file.Model.ByteFallback); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	for _, token := range p.added {
		if token.ID < 0 || token.ID > 1<<31-1 || token.Content == "" {
			return nil, fmt.Errorf("added_tokens: bad entry %q with the id %d", token.Content, token.ID)
		}
	}
	if p.normalize, err = parseNormalizer(file.Normalizer); err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	if p.split, err = parsePreTokenizer(file.PreTokenizer); err != nil {
		return nil, fmt.Errorf("pre_tokenizer: %w", err)
	}
	p.end, err = file.PostProcessor.end()
	return p, err
}

// scored is a vocabulary entry: [piece, score].
type scored struct {
	piece string
	score float64
}

func (s *scored) UnmarshalJSON(raw []byte) error {
	pair := []any{&s.piece, &s.score}
	if err := json.Unmarshal(raw, &pair); err != nil {
		return err
	}
	if len(pair) != 2 || pair[0] != any(&s.piece) || pair[1] != any(&s.score) {
		return fmt.Errorf("a vocabulary entry is not [piece, score]: %.40s", raw)
	}
	return nil
}

func parseNormalizer(raw json.RawMessage) (normalizer, error) {
	var n struct {
		Type        string
		Normalizers []json.RawMessage
		Charsmap    string `json:"precompiled_charsmap"`
		StripLeft   bool   `json:"strip_left"`
		StripRight  bool   `json:"strip_right"`
		Pattern     struct{ String, Regex string }
		Content     string
	}
	if len(raw) == 0 || string(raw) == "null" {
		return sequence{}, nil
	}
	if err := json.Unmarshal(raw, &n); err != nil {
		return nil, err
	}
	switch n.Type {
	case "Sequence":
		all := make(sequence, len(n.Normalizers))
		for i, part := range n.Normalizers {
			var err error
			if all[i], err = parseNormalizer(part); err != nil {
				return nil, err
			}
		}
		return all, nil
	case "Precompiled":
		packed, err := base64.StdEncoding.DecodeString(n.Charsmap)
		if err != nil {
			return nil, fmt.Errorf("precompiled_charsmap: %w", err)
		}
		return parseCharsmap(packed)
	case "Strip":
		return strip{n.StripLeft, n.StripRight}, nil
	case "Replace":
		switch {
		case n.Pattern.Regex == " {2,}":
			return replaceRuns{n.Content}, nil
		case n.Pattern.String != "":
			return replace{n.Pattern.String, n.Content}, nil
		}
		return nil, fmt.Errorf("the pattern %q is not supported", n.Pattern.Regex)
	}
	return nil, fmt.Errorf("the type %q is not supported", n.Type)
}

func parsePreTokenizer(raw json.RawMessage) (preTokenizer, error) {
	p := struct {
		Type           string
		PreTokenizers  []json.RawMessage
		Replacement    string
		PrependScheme  string `json:"prepend_scheme"`
		AddPrefixSpace *bool  `json:"add_prefix_space"`
		Split          *bool
	}{Replacement: "▁"}
	if len(raw) == 0 || string(raw) == "null" {
		return nil, errors.New("missing")
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	switch p.Type {
	case "Sequence":
		var all preTokenizer
		for _, part := range p.PreTokenizers {
			next, err := parsePreTokenizer(part)
			if err != nil {
				return nil, err
			}
			switch m, ok := next.(metaspace); {
			case all == nil:
				all = next
			case ok && m.prefix == "first":
				// It would depend on where the normaliser took each word from.
				return nil, errors.New("prepend_scheme first after another step is not supported")
			default:
				all = chain{all, next}
			}
		}
		if all == nil {
			return nil, errors.New("an empty sequence")
		}
		return all, nil
	case "WhitespaceSplit":
		return whitespaceSplit{}, nil
	case "Metaspace":
		if p.PrependScheme == "" {
			p.PrependScheme = "always"
			if p.AddPrefixSpace != nil && !*p.AddPrefixSpace {
				p.PrependScheme = "never"
			}
		}
		if p.PrependScheme != "always" && p.PrependScheme != "first" && p.PrependScheme != "never" {
			return nil, fmt.Errorf("prepend_scheme is %q", p.PrependScheme)
		}
		if utf8.RuneCountInString(p.Replacement) != 1 {
			return nil, fmt.Errorf("replacement %q is not one character", p.Replacement)
		}
		return metaspace{p.Replacement, p.PrependScheme, p.Split != nil && !*p.Split}, nil
	}
	return nil, fmt.Errorf("the type %q is not supported", p.Type)
}

// template is the post-processor: the text, then one end token.
type template struct {
	Type   string
	Single []struct {
		Sequence     *struct{ ID string }
		SpecialToken *struct{ ID string }
	}
	Tokens map[string]struct{ IDs []int64 } `json:"special_tokens"`
}

func (t template) end() (int64, error) {
	if t.Type == "TemplateProcessing" && len(t.Single) == 2 && t.Single[0].Sequence != nil && t.Single[1].SpecialToken != nil {
		ids := t.Tokens[t.Single[1].SpecialToken.ID].IDs
		if len(ids) == 1 && ids[0] >= 0 && ids[0] < 1<<31 {
			return ids[0], nil
		}
	}
	return 0, errors.New("post_processor: only a template of the text and one end token is supported")
}
