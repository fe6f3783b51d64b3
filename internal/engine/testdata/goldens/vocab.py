"""Tiny vocabularies, trained on the lines below, saved in the layouts FLUX directories use."""

import json
import tempfile
from pathlib import Path

import sentencepiece
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
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
    bpe = Tokenizer(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>"))
    bpe.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    words = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    bpe.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(words), behavior="removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bpe.train_from_iterator(LINES, trainers.BpeTrainer(vocab_size=700, end_of_word_suffix="</w>", initial_alphabet=alphabet, show_progress=False))
    with tempfile.TemporaryDirectory() as tmp:
        bpe.model.save(tmp)
        vocab = json.loads(Path(tmp, "vocab.json").read_text())
        merges = Path(tmp, "merges.txt").read_text().splitlines()
        for letter in alphabet:
            vocab.setdefault(letter, len(vocab))
            vocab.setdefault(letter + "</w>", len(vocab))
        for token in ("<|startoftext|>", "<|endoftext|>"):
            vocab[token] = len(vocab)
        Path(tmp, "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
        # Hand-made files open with a version line; the trainer's do too, sometimes.
        merges = ["#version: 0.2"] + [m for m in merges if not m.startswith("#version")]
        Path(tmp, "merges.txt").write_text("\n".join(merges) + "\n")
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


def t5(folder: Path, added: bool):
    with tempfile.TemporaryDirectory() as tmp:
        text = Path(tmp, "lines.txt")
        text.write_text("\n".join(LINES))
        sentencepiece.SentencePieceTrainer.train(
            input=str(text), model_prefix=f"{tmp}/spiece", vocab_size=300, model_type="unigram", character_coverage=1.0,
            pad_id=0, eos_id=1, unk_id=2, bos_id=-1, normalization_rule_name="identity", hard_vocab_limit=False, minloglevel=2,
        )
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
