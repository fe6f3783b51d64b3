"""Trains both tokenizers on captions: CLIP's byte-pair encoding and T5's unigram model, each as small as the captions allow.

A text encoder knows its own tokenizer only, so this comes before everything that reads captions, and is not repeated for a model that
is trained on."""

import json
import random
import tempfile
from pathlib import Path

import sentencepiece
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer, T5TokenizerFast

import captions
from config import COLOURS, STYLES, parser

# As OpenAI's CLIP splits text: contractions, words, single digits, and runs of the rest.
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
END = "</w>"


def lines(concepts: list[dict], each: int, seed: int) -> list[str]:
    """Captions from the training part: composed, loose, and scenes."""
    r, words, out = random.Random(seed), captions.Words(concepts), []
    for n, concept in enumerate(concepts):
        for style in STYLES:
            for _ in range(each):
                colour = r.choice(list(COLOURS))
                others = [n, *(r.randrange(len(concepts)) for _ in range(r.choice((1, 2))))]
                out += [captions.draw(concept, style, colour, r), captions.loose(n, concept["label"], words, style, colour, r), captions.scene(others, concepts, words, style, colour, r)]
    return [line for line in out if not captions.held_out(line)]


def clip(text: list[str], size: int, folder: Path) -> CLIPTokenizer:
    """Byte pairs of lower-case words. Every byte is a token, alone and as a word's end, so that nothing is unknown."""
    t = Tokenizer(models.BPE(end_of_word_suffix=END))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(WORDS), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    t.train_from_iterator(text, trainers.BpeTrainer(vocab_size=size, end_of_word_suffix=END, initial_alphabet=letters, show_progress=False))
    t.model.save(str(folder))
    path = folder / "vocab.json"
    vocabulary = json.loads(path.read_text())
    for token in (*letters, *(letter + END for letter in letters), "<|startoftext|>", "<|endoftext|>"):
        vocabulary.setdefault(token, len(vocabulary))
    path.write_text(json.dumps(vocabulary, ensure_ascii=False))
    return CLIPTokenizer(str(path), str(folder / "merges.txt"), model_max_length=77)


def t5(text: list[str], size: int, folder: Path) -> T5TokenizerFast:
    """SentencePiece's unigram model, with T5's numbers for padding, end and unknown."""
    (folder / "lines.txt").write_text("\n".join(text))
    printable = "".join(chr(n) for n in range(33, 127))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "lines.txt"), model_prefix=str(folder / "spiece"), vocab_size=size, model_type="unigram", character_coverage=1.0, hard_vocab_limit=False,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, required_chars=printable, minloglevel=2)
    return T5TokenizerFast(str(folder / "spiece.model"), extra_ids=0, model_max_length=512)


def main() -> None:
    p = parser(__doc__)
    p.add_argument("--out", type=Path, help="folder for tokenizer/ and tokenizer_2/; WORK/tokens if missing")
    p.add_argument("--size", type=int, default=3000, help="tokens of each, beside CLIP's bytes")
    p.add_argument("--each", type=int, default=4, help="captions of each kind for a picture")
    a = p.parse_args()
    out = a.out or a.work / "tokens"
    text = lines(json.loads((a.work / "concepts.json").read_text()), a.each, a.seed)
    with tempfile.TemporaryDirectory() as d:
        for name, train in (("tokenizer", clip), ("tokenizer_2", t5)):
            t = train(text, a.size, Path(d))
            t.save_pretrained(out / name)
            print(f"{name}: {len(t)} tokens, the longest of {len(text)} captions takes {max(map(len, t(text).input_ids))}")


if __name__ == "__main__":
    main()
