package tokenizer

import (
	"strings"
	"unicode"
)

// clean is transformers' BasicTokenizer as CLIP uses it where ftfy is missing: no
// control characters, CJK characters apart, composed, lower case, single spaces.
func clean(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\t', r == '\n', r == '\r', unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		case r == unicode.ReplacementChar, other(r):
		case isCJK(r):
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	tokens := fields(compose(b.String()))
	for i, token := range tokens {
		tokens[i] = lower(token)
	}
	return strings.Join(tokens, " ")
}

// other tells Unicode's categories C: controls, formats, private use, unassigned.
func other(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z)
}

func isCJK(r rune) bool {
	for _, block := range [...][2]rune{
		{0x4e00, 0x9fff}, {0x3400, 0x4dbf}, {0x20000, 0x2a6df}, {0x2a700, 0x2b73f},
		{0x2b740, 0x2b81f}, {0x2b820, 0x2ceaf}, {0xf900, 0xfaff}, {0x2f800, 0x2fa1f},
	} {
		if r >= block[0] && r <= block[1] {
			return true
		}
	}
	return false
}

// lower is Python's str.lower: Unicode's full mapping, with the final sigma.
func lower(token string) string {
	if !strings.ContainsAny(token, "İΣ") {
		return strings.ToLower(token)
	}
	runes := []rune(token)
	var b strings.Builder
	for i, r := range runes {
		switch r {
		case 'İ':
			b.WriteString("i\u0307")
		case 'Σ':
			if finalSigma(runes, i) {
				b.WriteRune('ς')
			} else {
				b.WriteRune('σ')
			}
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// finalSigma: a cased letter stands before, none behind, ignoring what has no case.
func finalSigma(runes []rune, i int) bool {
	before := i - 1
	for before >= 0 && caseIgnorable(runes[before]) {
		before--
	}
	if before < 0 || !cased(runes[before]) {
		return false
	}
	after := i + 1
	for after < len(runes) && caseIgnorable(runes[after]) {
		after++
	}
	return after == len(runes) || !cased(runes[after])
}

func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

func caseIgnorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) ||
		strings.ContainsRune("'.:·\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a", r)
}

// words cuts cleaned text as CLIP's pattern does, ignoring case:
//
//	<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
func words(text string) []string {
	var out []string
	for text != "" {
		n := wordLength(text)
		if n < 0 {
			text = text[-n:]
			continue
		}
		out = append(out, text[:n])
		text = text[n:]
	}
	return out
}

// wordLength is the length of the word that text starts with, or minus that of the
// white space it starts with.
func wordLength(text string) int {
	for _, fixed := range [...]string{startOfText, endOfText, "'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if n := foldPrefix(text, fixed); n > 0 {
			return n
		}
	}
	class := classOf(firstRune(text))
	for i, r := range text {
		if i > 0 && (class == digit || classOf(r) != class) {
			text = text[:i]
			break
		}
	}
	if class == space {
		return -len(text)
	}
	return len(text)
}

const (
	letter = iota
	digit
	space
	symbol
)

func classOf(r rune) int {
	switch {
	case unicode.IsLetter(r):
		return letter
	case unicode.IsNumber(r):
		return digit
	case isSpace(r):
		return space
	}
	return symbol
}

func firstRune(text string) rune {
	for _, r := range text {
		return r
	}
	return 0
}

// foldPrefix is the length of text's start that equals prefix but for case, or 0. In
// lower-case text only the long s is folded still.
func foldPrefix(text, prefix string) int {
	rest := text
	for _, want := range prefix {
		r := firstRune(rest)
		switch {
		case rest != "" && r == want:
			rest = rest[len(string(r)):]
		case want == 's' && strings.HasPrefix(rest, "ſ"):
			rest = rest[len("ſ"):]
		default:
			return 0
		}
	}
	return len(text) - len(rest)
}
