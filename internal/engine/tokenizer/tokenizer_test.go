package tokenizer

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	clipDir = testdata + "/models/wide/tokenizer"
	t5Dir   = testdata + "/models/wide/tokenizer_2"
)

func TestEncodeCutsAndPads(t *testing.T) {
	const text = "a rocket over the sea"
	for name, tok := range map[string]Tokenizer{"clip": mustLoad(t, LoadCLIP, clipDir), "t5": mustLoad(t, LoadT5, t5Dir)} {
		empty, _ := tok.Encode("", 2) // t5: end, pad; clip: begin, end, where end is also the padding
		end, pad, markers := empty[0], empty[1], 1
		if name == "clip" {
			end, markers = empty[1], 2
		}
		whole, cut := tok.Encode(text, 40)
		length := slices.Index(whole, end) + 1
		if cut != 0 || whole[39] != pad {
			t.Errorf("%s: %v (cut %d) is not padded", name, whole, cut)
		}
		for n := markers; n < length; n++ {
			ids, cut := tok.Encode(text, n)
			want := append(slices.Clone(whole[:n-1]), end)
			if !slices.Equal(ids, want) || cut != length-n {
				t.Errorf("%s: cut to %d: %v (cut %d), want %v (cut %d)", name, n, ids, cut, want, length-n)
			}
		}
		for _, n := range []int{-1, 0} {
			if ids, cut := tok.Encode(text, n); len(ids) != 0 || cut == 0 {
				t.Errorf("%s: length %d: %v, cut %d", name, n, ids, cut)
			}
		}
	}
}

// A hundred thousand characters of anything take well under a second; anything
// quadratic would take minutes.
func TestLongTextsAreQuick(t *testing.T) {
	const n = 100_000
	for name, tok := range map[string]Tokenizer{"clip": mustLoad(t, LoadCLIP, clipDir), "t5": mustLoad(t, LoadT5, t5Dir)} {
		for _, unit := range []string{"a", "th", "a ", " ", "<", "<con", "<concept>", "Word", "<both> ", "Σ", "Σ'", "\u0301", "e\u0301", "東", "😀", "☃", "'", "'s", "1", "\x00", "</s>", "\u200d", "\xff"} {
			text, start := strings.Repeat(unit, n/len(unit)), time.Now()
			tok.Encode(text, 512)
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%s: %q repeated takes %v", name, unit, took)
			}
		}
	}
}

func TestEncodeIsConcurrent(t *testing.T) {
	tok := mustLoad(t, LoadT5, t5Dir)
	want, _ := tok.Encode("a rocket", 16)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got, _ := tok.Encode("a rocket", 16); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
	group.Wait()
}

// The merging in n log n equals the definition: join the best-ranked pair everywhere,
// left to right, and look again.
func TestMergesAreTheDefinitions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		b := newBPE()
		pieces := []string{"a", "b", "c"}
		for _, rank := range rng.Perm(1 + rng.IntN(12)) {
			left, right := pieces[rng.IntN(len(pieces))], pieces[rng.IntN(len(pieces))]
			b.learn(left, right, rank)
			pieces = append(pieces, left+right)
		}
		word := make([]string, 1+rng.IntN(14))
		for i := range word {
			word[i] = string("abcd"[rng.IntN(4)])
		}
		if got, want := b.apply(word), slowly(b, word); !slices.Equal(got, want) {
			t.Fatalf("%q: got %q, want %q", word, got, want)
		}
	}
}

func slowly(b *bpe, word []string) []string {
	word = slices.Clone(word)
	for {
		var best *merge
		var left, right string
		for i := range len(word) - 1 {
			l, okL := b.symbols[word[i]]
			r, okR := b.symbols[word[i+1]]
			if m, ok := b.merges[[2]int32{l, r}]; ok && okL && okR && (best == nil || m.rank < best.rank) {
				best, left, right = &m, word[i], word[i+1]
			}
		}
		if best == nil {
			return word
		}
		for i := 0; i+1 < len(word); i++ {
			if word[i] == left && word[i+1] == right {
				word[i] += right
				word = slices.Delete(word, i+1, i+2)
			}
		}
	}
}

func TestLoadNamesWhatIsWrong(t *testing.T) {
	tests := []struct {
		name, dir, file, content, want string
		load                           func(string) (Tokenizer, error)
	}{
		{"no vocabulary", clipDir, "vocab.json", "", "vocab.json", LoadCLIP},
		{"no merges", clipDir, "merges.txt", "", "merges.txt", LoadCLIP},
		{"vocabulary of strings", clipDir, "vocab.json", `{"a": "b"}`, "vocab.json", LoadCLIP},
		{"negative id", clipDir, "vocab.json", `{"a": -1}`, `"a"`, LoadCLIP},
		{"huge id", clipDir, "vocab.json", `{"a": 4294967296}`, `"a"`, LoadCLIP},
		{"cut config", clipDir, "tokenizer_config.json", `{"model_max`, "tokenizer_config.json", LoadCLIP},
		{"length 0", clipDir, "tokenizer_config.json", `{"model_max_length": 0}`, "model_max_length", LoadCLIP},
		{"bad added token", clipDir, "tokenizer_config.json", `{"added_tokens_decoder": {"x": {"content": "a"}}}`, "added_tokens_decoder", LoadCLIP},
		{"empty added token", clipDir, "tokenizer_config.json", `{"added_tokens_decoder": {"1": {}}}`, "added_tokens_decoder", LoadCLIP},
		{"not JSON", t5Dir, "tokenizer.json", `nonsense`, "tokenizer.json", LoadT5},
		{"other model", t5Dir, "tokenizer.json", `{"model": {"type": "BPE"}}`, "Unigram", LoadT5},
		{"no unknown", t5Dir, "tokenizer.json", `{"model": {"type": "Unigram"}}`, "unk_id", LoadT5},
		{"empty", t5Dir, "tokenizer.json", `{"model": {"type": "Unigram", "unk_id": 0}}`, "empty", LoadT5},
		{"unknown outside", t5Dir, "tokenizer.json", `{"model": {"type": "Unigram", "unk_id": 1, "vocab": [["a", 0]]}}`, "unknown token", LoadT5},
		{"bad entry", t5Dir, "tokenizer.json", `{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a"]]}}`, "[piece, score]", LoadT5},
		{"null entry", t5Dir, "tokenizer.json", `{"model": {"type": "Unigram", "unk_id": 0, "vocab": [[null, 0]]}}`, "[piece, score]", LoadT5},
		{"other normalizer", t5Dir, "tokenizer.json", `{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a", 0]]}, "normalizer": {"type": "NFKD"}}`, "NFKD", LoadT5},
		{"cut charsmap", t5Dir, "tokenizer.json", `{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a", 0]]}, "normalizer": {"type": "Precompiled", "precompiled_charsmap": "/////w=="}}`, "precompiled_charsmap", LoadT5},
		{"no pre-tokenizer", t5Dir, "tokenizer.json", `{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a", 0]]}}`, "pre_tokenizer", LoadT5},
		{"no end", t5Dir, "tokenizer.json", `{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a", 0]]}, "pre_tokenizer": {"type": "Metaspace"}}`, "post_processor", LoadT5},
		{"not protobuf", testdata + "/models/schnell/tokenizer_2", "spiece.model", "\xff\xff\xff", "spiece.model", LoadT5},
		{"cut protobuf", testdata + "/models/schnell/tokenizer_2", "spiece.model", "\x0a\x7f\x01", "cut short", LoadT5},
		{"no model at all", testdata + "/models/schnell/tokenizer_2", "spiece.model", "", "spiece.model", LoadT5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := vocabulary(t, golden{Source: strings.TrimPrefix(tt.dir, testdata)})
			path := filepath.Join(dir, tt.file)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if tt.content != "" {
				if err := os.WriteFile(path, []byte(tt.content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			_, err := tt.load(dir)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one naming %s", err, tt.want)
			}
		})
	}
}

func mustLoad(t testing.TB, load func(string) (Tokenizer, error), dir string) Tokenizer {
	t.Helper()
	tok, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}
