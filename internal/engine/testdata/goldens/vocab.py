"""Tiny vocabularies, trained on the lines below, saved in the layouts FLUX directories use."""

import io
import json
import tempfile
from collections import Counter
from pathlib import Path

import sentencepiece
from tokenizers import Regex, pre_tokenizers
from transformers import AddedToken, CLIPTokenizer, T5TokenizerFast

LINES = [
    "a 3d emoji of a rocket flying over the blue sea, with 1234567890 stars",
    "a photo of an astronaut riding a horse on the moon; it's the best!",
    "watercolour painting of a quiet village (in autumn), soft light & fog",
    "black cat wearing sunglasses, drawn as a sticker on a yellow background",
    "close-up portrait of an old sailor, dramatic lighting, 35mm film grain",
    "the quick brown fox jumps over the lazy dog? We'll see what they've got",
    "café crème à la façade naïve, über schön; 東京 の 空, привет мир",
] * 8


def make(root: Path, added: bool):
    """Writes tokenizer/ and tokenizer_2/, returns the sizes of both vocabularies."""
    return clip(root / "tokenizer", added), t5(root / "tokenizer_2", added)


def clip(folder: Path, added: bool):
    """Byte-level pair encoding in CLIP's order: letters, letters that end a word, merges, markers."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = train(alphabet)
    tokens = alphabet + [a + "</w>" for a in alphabet] + [a + b for a, b in merges] + ["<|startoftext|>", "<|endoftext|>"]
    vocab = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    with tempfile.TemporaryDirectory() as tmp:
        Path(tmp, "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
        Path(tmp, "merges.txt").write_text("\n".join(["#version: 0.2"] + [f"{a} {b}" for a, b in merges]) + "\n")
        tokenizer = CLIPTokenizer(f"{tmp}/vocab.json", f"{tmp}/merges.txt", model_max_length=77)
    size = len(vocab)
    if added:
        # They stay outside the embedding: token goldens use them, pictures do not.
        tokenizer.add_tokens([
            AddedToken("<concept>", special=False),
            AddedToken("<left>", lstrip=True, special=False),
            AddedToken("<right>", rstrip=True, special=False),
            AddedToken("<both>", lstrip=True, rstrip=True, normalized=False, special=False),
            AddedToken("Word", single_word=True, special=False),
            AddedToken("<Sp>", special=True),
            AddedToken("<con", special=False),
        ])
    tokenizer.save_pretrained(folder)
    return size


def train(alphabet, count=220):
    """The most frequent pair first; ties go to the alphabet, so that every run agrees."""
    split = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), behavior="removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    words = [list(w[:-1]) + [w[-1] + "</w>"] for line in LINES for w, _ in split.pre_tokenize_str(line.lower())]
    merges = []
    for _ in range(count):
        pairs = Counter(pair for word in words for pair in zip(word, word[1:]))
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for word in words:
            i = 0
            while i + 1 < len(word):
                if (word[i], word[i + 1]) == best:
                    word[i : i + 2] = ["".join(best)]
                i += 1
    return merges


def t5(folder: Path, added: bool):
    with tempfile.TemporaryDirectory() as tmp:
        model = io.BytesIO()  # a file's path would end up in the model
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(LINES), model_writer=model, vocab_size=300, model_type="unigram", character_coverage=1.0,
            pad_id=0, eos_id=1, unk_id=2, bos_id=-1, normalization_rule_name="identity", hard_vocab_limit=False, minloglevel=2,
        )
        Path(tmp, "spiece.model").write_bytes(model.getvalue())
        tokenizer = T5TokenizerFast(f"{tmp}/spiece.model", extra_ids=8 if added else 0, model_max_length=48)
        size = len(tokenizer)
        if added:
            tokenizer.add_tokens([
                AddedToken("<concept>", special=False, normalized=True),
                AddedToken("<left>", lstrip=True, normalized=False),
                AddedToken("<right>", rstrip=True, normalized=False),
                AddedToken("<both>", lstrip=True, rstrip=True, normalized=True),
                AddedToken("Word", single_word=True, normalized=False),
                AddedToken("a  b", normalized=True),
                AddedToken("<Sp>", special=True),
            ])
        tokenizer.save_pretrained(folder)
        if not added:
            # The other layout in the wild: no tokenizer.json, everything from spiece.model.
            if folder.parent.name == "schnell":
                (folder / "tokenizer.json").unlink()
            else:
                (folder / "spiece.model").unlink()
    return size
