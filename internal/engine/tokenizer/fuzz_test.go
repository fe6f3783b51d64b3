package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func FuzzCLIP(f *testing.F) {
	f.Add([]byte(`{"a": 0, "a</w>": 1, "ab</w>": 2, "<|startoftext|>": 3, "<|endoftext|>": 4}`), []byte("#version\na b</w>\n"), []byte(`{}`), "ab <|endoftext|> b")
	f.Add([]byte(`{"a": 0}`), []byte("\r\r\na\n b c d"), []byte(`{"added_tokens_decoder": {"7": {"content": "x", "lstrip": true, "single_word": true}}}`), " x ax xx")
	f.Fuzz(func(t *testing.T, vocab, merges, config []byte, text string) {
		dir := t.TempDir()
		for name, raw := range map[string][]byte{"vocab.json": vocab, "merges.txt": merges, "tokenizer_config.json": config} {
			if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if tok, err := LoadCLIP(dir); err == nil {
			check(t, tok, text)
		}
	})
}

func FuzzTokenizerJSON(f *testing.F) {
	raw, err := os.ReadFile(filepath.Join(t5Dir, "tokenizer.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw, "a <both>  rocket ☃☃ <extra_id_3>")
	f.Add([]byte(`{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a", 0], ["<0x61>", -1]], "byte_fallback": true}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace"}]}, "post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "a"}}], "special_tokens": {"a": {"ids": [0]}}}}`), "b a")
	f.Fuzz(func(t *testing.T, raw []byte, text string) {
		p, err := parseTokenizerJSON(raw)
		if err != nil {
			return
		}
		if tok, err := newT5(p, config{End: "</s>", Pad: "<pad>"}); err == nil {
			check(t, tok, text)
		}
	})
}

func FuzzSpiece(f *testing.F) {
	raw, err := os.ReadFile(testdata + "/models/schnell/tokenizer_2/spiece.model")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw, `true`, "a rocket ☃ </s>")
	f.Add([]byte("\x0a\x05\x0a\x01a\x18\x03\x1a\x06\x12\x04\x04\x00\x00\x00"), `null`, "a")
	f.Fuzz(func(t *testing.T, raw []byte, prefix, text string) {
		cfg := config{End: "</s>", Pad: "<pad>", AddPrefixSpace: json.RawMessage(prefix)}
		p, err := parseSpiece(raw, cfg)
		if err != nil {
			return
		}
		if tok, err := newT5(p, cfg); err == nil {
			check(t, tok, text)
		}
	})
}

func FuzzCharsmap(f *testing.F) {
	f.Add([]byte("\x08\x00\x00\x00\x00\x04\x00\x00\x61\x05\x00\x00b\x00"), "abc")
	f.Fuzz(func(t *testing.T, raw []byte, text string) {
		if c, err := parseCharsmap(raw); err == nil {
			c.normalize(valid(text))
		}
	})
}

func check(t *testing.T, tok Tokenizer, text string) {
	ids, _ := tok.Encode(text, 40)
	if len(ids) != 40 {
		t.Errorf("%d ids, want 40", len(ids))
	}
	for _, id := range ids {
		if id < 0 || id >= int64(tok.Size()) {
			t.Errorf("id %d is outside 0…%d", id, tok.Size()-1)
		}
	}
}
