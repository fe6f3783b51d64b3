"""Captions for pictures: composed from label, tags, style word and background colour.

One caption in ten (by checksum) is held out: training never sees it, the evaluation uses only such."""

import random
import re
import zlib

from config import COLOURS, STYLES

STYLED = ["{s} emoji of {x}", "{x}, {s} style", "a {s} icon of {x}", "{s} {x}", "{x}, {s} emoji", "a {s} emoji of a {x}", "a {x}, {s} style"]
PLAIN = ["{x}", "an emoji of {x}", "a {x}"]
BACKGROUND = [" on a {c} background", ", {c} background"]


def plain(text: str) -> str:
    return re.sub(r"[’“”]", "", text.lower())


def subject(concept: dict, r: random.Random, tagged: float) -> str:
    """A concept's name, or some of its tags, or both. tagged: share of captions that use tags."""
    label, tags = plain(concept["label"]), [plain(t) for t in concept["tags"]]
    words = label
    if tags and r.random() < tagged:
        words = " ".join(r.sample(tags, min(len(tags), r.randint(2, 4))))
        if r.random() < 0.5:
            words = f"{r.choice(tags)} {label}"
    if tags and r.random() < tagged:
        words += ", " + ", ".join(r.sample(tags, min(len(tags), r.randint(1, 3))))
    return words


def caption(words: str, style: str, colour: str, r: random.Random, styled: float = 0.95) -> str:
    """A sentence about `words` in a style on a colour; white is mostly left unsaid, the style sometimes."""
    templates = STYLED if r.random() < styled else PLAIN
    text = r.choice(templates).format(s=style, x=words)
    if colour != "white" or r.random() < 0.15:
        text += r.choice(BACKGROUND).format(c=colour)
    return text


def held_out(text: str) -> bool:
    return zlib.crc32(text.encode()) % 10 == 0


def draw(concept: dict, style: str, colour: str, r: random.Random, tagged: float = 0.2, held: bool = False) -> str:
    """A caption for one thing, from the training part (or the held-out part)."""
    for _ in range(2000):
        text = caption(subject(concept, r, tagged), style, colour, r, 1.0 if held else 0.95)
        if held_out(text) == held:
            return text
    raise ValueError(f"{concept['label']}: no caption is {'held out' if held else 'left for training'}")


def colour(r: random.Random, white: float = 0.45) -> str:
    return "white" if r.random() < white else r.choice(list(COLOURS))


assert set(STYLES) == {"3d", "flat", "cartoon"}
