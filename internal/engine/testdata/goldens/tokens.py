"""What transformers' tokenizers make of two thousand awkward texts."""

import contextlib
import gzip
import json
import random
import shutil
import tempfile
import unicodedata
from pathlib import Path

from transformers import CLIPTokenizer, T5TokenizerFast

from .vocab import LINES

# As FLUX.1's own T5 configuration has them.
SENTINELS = {
    "add_prefix_space": True,
    "extra_ids": 3,
    "additional_special_tokens": ["<extra_id_0>", "<extra_id_1>", "<extra_id_2>"],
    "added_tokens_decoder": {
        str(3002 - i): dict(content=f"<extra_id_{i}>", lstrip=True, rstrip=True, normalized=False, single_word=False, special=True) for i in range(3)
    },
}

# How older files cut words.
SPLIT = {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}]}}

# name: class, where the files lie, changes to tokenizer_config.json and to
# tokenizer.json, every n-th text
VOCABULARIES = {
    "clip": (CLIPTokenizer, "tokens/clip", {}, 1),
    "clip-added": (CLIPTokenizer, "models/wide/tokenizer", {"do_lower_case": True}, 1),
    "clip-legacy": (CLIPTokenizer, "tokens/clip", {"added_tokens_decoder": None}, 9),
    "t5": (T5TokenizerFast, "tokens/t5", {}, 1),
    "t5-always": (T5TokenizerFast, "tokens/t5", {"add_prefix_space": True}, 3),
    "t5-first": (T5TokenizerFast, "tokens/t5", {"add_prefix_space": True, "legacy": False, "extra_ids": 5}, 3),
    "t5-added": (T5TokenizerFast, "models/wide/tokenizer_2", {}, 1),
    "t5-added-always": (T5TokenizerFast, "models/wide/tokenizer_2", {"add_prefix_space": True}, 3),
    "t5-spiece": (T5TokenizerFast, "models/schnell/tokenizer_2", {}, 3),
    "t5-spiece-unset": (T5TokenizerFast, "models/schnell/tokenizer_2", {"add_prefix_space": None}, 3),
    "t5-sentinels": (T5TokenizerFast, "tokens/t5", SENTINELS, 3),
    "t5-sentinels-legacy": (T5TokenizerFast, "tokens/t5", SENTINELS | {"added_tokens_decoder": None}, 3),
    "t5-split": (T5TokenizerFast, "tokens/t5", {}, SPLIT, 3),
}

WORDS = """a the of rocket 3d emoji don't WE'LL it's I'm they've he'd you're 'tis rock'n'roll O'Neil's dogs' '’s ''s 'S 'ſ
café CAFÉ Ünïcödé naïve cafe\u0301 A\u030a e\u0301\u0323 n\u0303o \u0301start İstanbul ıI ΣΊΣΥΦΟΣ ΑΣ ΑΣ. Σ ΑΣ'Α ΟΔΟΣ- ß ẞ ŉ ǰ ﬁn ﬀ Ǆ ǅ ǆ
東京 日本語テスト 中文字符 한국어 한글 \u1112\u1161\u11ab がぎ ｶﾞ ﾊﾟ 㐀 豈 丽 𠀀 𪜀 𫝀 ｆｕｌｌｗｉｄｔｈ １２３ ＡＢＣ 。、「」 ｡ ～
مرحبا שלום עִבְרִית العَرَبِيَّة हिन्दी क्षि தமிழ் ไทย ກ ພາສາ မြန်မာ ខ្មែរ বাংলা ქართული հայերեն Привет Ёжик ПРИВЕТ ёж їжак ЃЌ
🚀 😀😀 👩‍👩‍👧‍👦 🏳️‍🌈 🇺🇸🇩🇪🇫 👍🏽 ❤️ ❤ ☃ ✌🏿 1️⃣ #️⃣ ©️ ™ © ® ©\u200d©\u200d ½ ¼ ² ³ ⁵ ₂ Ⅷ ⅷ ① ㊗ ㎏ ℃ № Å K Ω ﷺ ﷽
... … -- – — ?! !!! ;;; <<< >>> «» “quoted” ‘single’ „low“ #tag @user a_b a-b a/b a\\b C++ C# f(x) [x] {y} $5 €10 £3 100% 3.14 1,000 1e10 x² 2+2=4 ~ ^ ` | & * % = +
\x00 a\x00b \x01 \x07bell \x1b[31m \x7f \x85 a\x85b \xa0 a\xa0b \xad soft\xadhy \u200b zero\u200bwidth \u200d \ufeff \u2028 a\u2028b \u2029 \u3000 \u1680 \u2003 \u202f \u205f \u180e \u2060 \ufffc \ufffd \ue000 \U000f0000 \ufff9 \u061c \u202eabc
\ufdd0 \uffff <pad> </s> <unk> <s> <|startoftext|> <|endoftext|> <|STARTOFTEXT|> <|EndOfText|> <|ſtartoftext|> <|start <|startoftext <extra_id_0> <extra_id_7> <extra_id_99> <extra_id_ <0x41>
<concept> <CONCEPT> <con <conc <left> <right> <both> Word word Words aWord Word. <Sp> <sp> x<concept>y x<left>y x<right>y <concept><left><right> a\u0020\u0020b
▁ ▁▁ a▁b ▁a _ __ \u0300 \u0301\u0302 \u20e3 \u0489 \u0903 ⃝ \u1abe ̈ a\u0300\u0301\u0302\u0303 q\u0323\u0307 ǭ ṩ s\u0323\u0307 \u212b \u2126 \u0340 \u0344 \u0374 \u037e \u0958 \u2adc \ufb1d 가 각 \u1100\u1161\u11a8 \u1161
supercalifragilisticexpialidocious aaaaaaaaaaaaaaaaaaaa ababababababab thththththth aAaAaAaA 000000000 l0v3 x1y2z3 ZzZzZz \u02bcn \u0149 ʼ ˈ ʰ ᵃ ⁿ ꟸ ª º ƻ ǃ Ꭰ ꭰ Ა ა Ⴀ ⴀ 𐐀 𐐨 𝐀 𝒜 𝟘 🄰 🅰 𞤀 ᾳ ᾼ ᾈ ΰ ѕ""".split(" ")
WORDS = [w for line in WORDS for w in line.split("\n") if w]

SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\u3000", "\xa0", "", "\u2028", " \t ", "\v", "\f", "\x1c"]


def texts():
    """Each word alone and in several settings, then random sentences of them."""
    rng = random.Random(20)
    out = ["", " ", "  ", "\n", "\t\t", " a", "a ", "  a  b  ", "a" * 500, "ab" * 700, "the" * 300, "é" * 300, "e\u0301" * 200, "a" + "\u0301" * 300,
           "東" * 200, "😀" * 150, "☃" * 200, "a " * 300, "'" * 100, "'s" * 90, "Σ" * 60, "<concept>" * 40, "</s>" * 30, " " * 400, "x" + " " * 300 + "y",
           "1" * 120, "!" * 200, "." * 80 + "'t", "\r\n" * 50, "\x00" * 50, "👩‍👩‍👧‍👦" * 30, "🇺🇸" * 51]
    out += LINES[:7]
    for word in WORDS:
        out += [word, f" {word}", f"{word} ", f"a{word}b", f"the {word} of", f"{word}{word}", f"{word}.", f"({word})"]
    while len(out) < 3400:
        n = rng.choice([2, 3, 4, 6, 10, 25])
        out.append("".join(rng.choice(WORDS) + rng.choice(SPACES if rng.random() < 0.4 else [" "]) for _ in range(n)))
    ranges = [(0x20, 0x7e), (0x00, 0x24f), (0x250, 0x6ff), (0x900, 0x17ff), (0x1e00, 0x2bff), (0x3000, 0x9fff), (0xa000, 0xd7ff), (0xf900, 0xfffd), (0x10000, 0x1ffff)]
    for low, high in ranges * 60:
        out.append("".join(chr(rng.randint(low, high)) + rng.choice(["", "", " ", "a", "\u0301"]) for _ in range(rng.randint(3, 14))))
    # Python 3.11 knows Unicode 14: what later versions assigned is not compared.
    return [t for t in dict.fromkeys(out) if not any(unicodedata.category(c) == "Cn" and c not in "\ufdd0\uffff" for c in t)]


def make(here: Path):
    folder, all_texts = here / "tokens", texts()
    write(folder / "texts.json.gz", all_texts)
    for name, (cls, source, changes, *edits, every) in VOCABULARIES.items():
        edits = edits[0] if edits else {}
        with vocabulary(here / source, changes, edits) as path:
            tokenizer = cls.from_pretrained(path)
            ids = [tokenizer(t).input_ids for t in all_texts[::every]]
            size = max(len(tokenizer), 1 + max(tokenizer.get_vocab().values()))
            write(folder / f"{name}.json.gz", dict(source=source, config=changes, tokenizer=edits, every=every, size=size, pad=tokenizer.pad_token_id, max_length=tokenizer.model_max_length, ids=ids))
        print(" ", name, len(ids))


@contextlib.contextmanager
def vocabulary(source: Path, changes, edits):
    """The files of source, unpacked, with changes to the configuration (None removes)
    and edits to tokenizer.json."""
    with tempfile.TemporaryDirectory() as tmp:
        for file in source.iterdir():
            if file.suffix == ".gz":
                Path(tmp, file.stem).write_bytes(gzip.decompress(file.read_bytes()))
            else:
                shutil.copy(file, tmp)
        config = Path(tmp, "tokenizer_config.json")
        merged = json.loads(config.read_text()) | changes
        config.write_text(json.dumps({k: v for k, v in merged.items() if v is not None or k not in changes}))
        if edits:
            file = Path(tmp, "tokenizer.json")
            file.write_text(json.dumps(json.loads(file.read_text()) | edits))
        yield tmp


def write(path: Path, value):
    raw = json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
    path.write_bytes(gzip.compress(raw, 9, mtime=0))
