package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// added is a token that is found in the text itself, before any other rule.
type added struct {
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
	ID         int64  `json:"id"`
}

// name is a token in a configuration file: a string, an object with content, or null.
type name string

func (n *name) UnmarshalJSON(raw []byte) error {
	var token struct{ Content string }
	if len(raw) > 0 && raw[0] == '{' {
		err := json.Unmarshal(raw, &token)
		*n = name(token.Content)
		return err
	}
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	if text != nil {
		*n = name(*text)
	}
	return nil
}

// config is tokenizer_config.json, with the older files of a directory merged in.
type config struct {
	MaxLength      *float64         `json:"model_max_length"`
	Begin          name             `json:"bos_token"`
	End            name             `json:"eos_token"`
	Unknown        name             `json:"unk_token"`
	Pad            name             `json:"pad_token"`
	Additional     []name           `json:"additional_special_tokens"`
	Decoder        map[string]added `json:"added_tokens_decoder"`
	AddPrefixSpace json.RawMessage  `json:"add_prefix_space"` // true, false, null or absent: all differ
	Legacy         *bool            `json:"legacy"`
	ExtraIDs       *int             `json:"extra_ids"`

	added []added // by id
}

// loadConfig reads tokenizer_config.json (missing: all defaults). Directories from
// before it listed the added tokens have special_tokens_map.json and
// added_tokens.json instead.
func loadConfig(dir string, c config) (config, error) {
	if err := readJSON(dir, "tokenizer_config.json", &c); err != nil {
		return c, err
	}
	if c.Decoder != nil {
		for key, token := range c.Decoder {
			id, err := strconv.ParseInt(key, 10, 32)
			if err != nil || id < 0 || token.Content == "" {
				return c, fmt.Errorf("tokenizer_config.json: added_tokens_decoder: bad entry %q", key)
			}
			token.ID = id
			c.added = append(c.added, token)
		}
	} else if err := c.legacy(dir); err != nil {
		return c, err
	}
	slices.SortFunc(c.added, func(a, b added) int { return int(a.ID - b.ID) })
	return c, nil
}

func (c *config) legacy(dir string) error {
	if err := readJSON(dir, "special_tokens_map.json", c); err != nil {
		return err
	}
	var ids map[string]int64
	if err := readJSON(dir, "added_tokens.json", &ids); err != nil {
		return err
	}
	for content, id := range ids {
		if id < 0 || id > 1<<31-1 || content == "" {
			return fmt.Errorf("added_tokens.json: bad entry %q", content)
		}
		special := slices.Contains(c.specials(), content)
		c.added = append(c.added, added{Content: content, ID: id, Special: special, Normalized: !special})
	}
	return nil
}

// specials are the tokens with a role, in transformers' order.
func (c *config) specials() []string {
	var all []string
	for _, n := range append([]name{c.Begin, c.End, c.Unknown, c.Pad}, c.Additional...) {
		if n != "" && !slices.Contains(all, string(n)) {
			all = append(all, string(n))
		}
	}
	return all
}

// maxLength is model_max_length; transformers writes 10³⁰ for none.
func (c *config) maxLength(otherwise int) (int, error) {
	switch {
	case c.MaxLength == nil || *c.MaxLength > 1<<31-1:
		return otherwise, nil
	case *c.MaxLength < 1:
		return 0, fmt.Errorf("tokenizer_config.json: model_max_length is %v, must be at least 1", *c.MaxLength)
	}
	return int(*c.MaxLength), nil
}

// readJSON fills into from a file of dir; a missing file leaves it as it is.
func readJSON(dir, file string, into any) error {
	raw, err := readFile(dir, file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// maxFile is far above any vocabulary: the largest known take 20 MB.
const maxFile = 128 << 20

func readFile(dir, file string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, file))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d MiB", file, maxFile>>20)
	}
	return raw, nil
}

// isSpace is what Python's str methods take for white space.
func isSpace(r rune) bool {
	switch {
	case r >= 0x09 && r <= 0x0d, r >= 0x1c && r <= 0x20, r == 0x85, r == 0xa0, r == 0x1680:
		return true
	}
	return r >= 0x2000 && r <= 0x200a || r == 0x2028 || r == 0x2029 || r == 0x202f || r == 0x205f || r == 0x3000
}

func fields(s string) []string { return strings.FieldsFunc(s, isSpace) }
