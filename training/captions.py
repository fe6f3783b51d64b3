"""Captions for pictures: composed from label, tags, style word and background colour; or loose ones, as people write them, or told among
words that name nothing; or scenes.

One caption in ten (by checksum) is held out: training never sees it, the evaluation uses only such. In a loose or a told caption only
the first thing counts, colours count only before the word background, and where no style is named it is the first one."""

import random
import re
import zlib
from typing import Iterable

from config import COLOURS, STYLES

STYLED = ["{s} emoji of {x}", "{x}, {s} style", "a {s} icon of {x}", "{s} {x}", "{x}, {s} emoji", "a {s} emoji of a {x}", "a {x}, {s} style"]
PLAIN = ["{x}", "an emoji of {x}", "a {x}"]
BACKGROUND = [" on a {c} background", ", {c} background"]
BEHIND = [*BACKGROUND, " on {c} background", " with a {c} background"]

BEFORE = ["a photo of {x}", "a picture of {x}", "an illustration of {x}", "a painting of {x}", "a drawing of {x}", "an image of {x}", "{x} icon", "{x} emoji", "i want {x}",
          "draw {x}", "please draw {x}", "show me {x}", "beautiful {x}", "high quality {x}", "{x}, masterpiece", "{x}, highly detailed", "a close up of {x}", "the {x}", "one {x}", "my {x}"]
KINDS = """cute happy sad angry big small little tiny huge old young new shiny fluffy funny beautiful pretty colorful golden silver red blue green yellow pink purple white
black brown orange gray dark bright wooden metal magic flying sleeping dancing running smiling laughing crying jumping sitting friendly scary cool hot cold fresh tasty
delicious juicy royal wild baby giant lonely brave lovely adorable simple modern vintage retro fast slow broken lucky sweet round fat thin long short tall soft yummy""".split()
AFTER = ["in the snow", "in the rain", "in space", "at sunset", "at night", "on a table", "on a bench", "on the beach", "in a forest", "in the sky", "in the garden", "under water",
         "over the sea", "on the moon", "flying to the moon", "with candles", "with wings", "with a smile", "with big eyes", "in a city", "on a plate", "in a box", "at home", "in summer",
         "in winter", "by the sea", "on grass", "in the desert", "on a hill", "looking at you", "for my friend", "that is very nice", "made of glass", "with {o}", "with a {o}",
         "on a {o}", "near the {o}", "holding a {o}", "wearing a {o}", "eating a {o}", "in front of a {o}", "under a {o}", "playing with a {o}", "like a {o}"]


# A told caption: around the thing, where w is a word that names nothing; and what follows it, a joint, perhaps a small word, a word or two.
TELLING = ["{x}", "{x}", "a {x}", "my {x}", "the {x}", "our {x}", "a {w} {x}", "the {w} {x}", "my {w}'s {x}", "{w} {x}", "a {w} {w} {x}", "{w} of a {x}", "the {w} of a {x}", "{w} {w} of {x}", "two {w} of {x}"]
JOINTS = """of in on at from for with without to by near over under after before while because like or but and as into through against between behind around until since
during across toward is was has does that who which where when , . -""".split()
SMALL = ["a", "the", "my", "his", "her", "its", "no", "some", "every", "he", "she", "it", "i", "they", "we", "you", "this", "that", "too", "very", "not", "all"]


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

# With the main LoRA's word, which changes nothing else.
STUCK = ["sticker of {x}", "a sticker of {x}", "{x} sticker", "a die-cut sticker of {x}", "{x}, sticker", "sticker, {x}", "{x} as a sticker"]


def stuck(text: str, r: random.Random) -> str:
    """The same caption with the trigger word."""
    return r.choice(STUCK).format(x=text)


# Scenes: two or three things, from left to right.
TWO = ["{0} and {1}", "{0} and {1}", "{0} next to {1}", "{0} beside {1}", "{0} to the left of {1}", "{0} left of {1}", "{0} on the left, {1} on the right",
       "{0} on the left and {1} on the right", "{1} to the right of {0}", "{1} right of {0}", "two things: {0} and {1}", "{0} and {1} side by side", "{0} & {1}", "{0} together with {1}"]
THREE = ["{0}, {1} and {2}", "{0}, {1} and {2}", "{0}, {1}, and {2}", "{0} and {1} and {2}", "{0} next to {1} next to {2}", "{0}, {1} and {2} in a row",
         "{0} on the left, {1} in the middle, {2} on the right", "{0} on the left, {1} in the middle and {2} on the right", "from left to right: {0}, {1}, {2}",
         "{0}, then {1}, then {2}", "{1} between {0} and {2}", "three things: {0}, {1} and {2}", "{0} & {1} & {2}"]
SAME = {2: ["two {0}s", "2 {0}s", "a pair of {0}s", "two {0}"], 3: ["three {0}s", "3 {0}s", "three {0}s in a row", "three {0}"]}
AROUND = ["{x}, {s} style", "{s} emoji of {x}", "{x}, {s}", "{s} {x}", "{x} in {s} style", "a {s} icon of {x}"]

SILENT = {*COLOURS, *STYLES, *KINDS, "emoji", "style", "icon", "background", "with", "and", "under", "one", "like", "the", "for", "you", "that", "this", "over", "next",
          "not", "all", "out", "off", "are", "who", "sky"}                     # words that name no thing


class Words:
    """Which thing a word alone means, and other words to put beside it."""

    def __init__(self, concepts: list[dict], english: Iterable[str] = ()):
        """english: common words, of which those that name nothing are taken."""
        self.own: list[list[str]] = [[] for _ in concepts]
        best: dict[str, tuple[tuple[int, int], int]] = {}
        for n, c in enumerate(concepts):
            label = plain(c["label"])
            for word in sorted({label, *label.split(), *(plain(t) for t in c["tags"])}):
                rank = (0 if word == label else 1 if word in label.split() and word in map(plain, c["tags"]) else 2, len(label.split()))
                if len(word) > 2 and word not in SILENT and (word not in best or rank < best[word][0]):
                    best[word] = rank, n
        for word, (_, n) in best.items():
            self.own[n].append(word)
        self.all, self.labels = sorted(best), {plain(c["label"]) for c in concepts}
        known = {w for word in best for w in word.split()} | {*COLOURS, *STYLES, *(w for c in COLOURS for w in c.split()), "style", "background", "sticker", "emoji"}
        known |= {"mice", "leaves", "feet", "two", "three", "pair"}                # of things, and what makes a scene of them
        self.strange = [w for w in english if len(w) > 2 and w.isalpha() and not {w, w.removesuffix("s"), w.removesuffix("es"), re.sub("ies$", "y", w), w + "s"} & known]


def dressed(x: str, style: str, colour: str, r: random.Random, around: list[str], behind: list[str]) -> str:
    """With style and background, which are left unsaid at times where they are the first style and white."""
    if style != STYLES[0] or r.random() < 0.4:
        x = r.choice(around).format(x=x, s=style)
    if colour != "white" or r.random() < 0.1:
        x += r.choice(behind).format(c=colour)
    return x


def loose(n: int, label: str, words: Words, style: str, colour: str, r: random.Random) -> str:
    """A caption as people write them, for the n-th concept."""
    own = words.own[n] or [plain(label)]
    x = plain(label) if r.random() < 0.5 else r.choice(own)
    if r.random() < 0.5:
        kinds = " ".join(r.sample(KINDS, r.choice((1, 1, 2))))
        if f"{kinds.split()[-1]} {x}" not in words.labels:                     # a hot dog is no dog
            x = f"{kinds} {x}"
    if r.random() < 0.15:
        x += "s"
    if r.random() < 0.6:
        x = "a " + x
    if r.random() < 0.5:
        x += " " + r.choice(AFTER).format(o=r.choice(words.all))
    if r.random() < 0.3:
        x = r.choice(BEFORE).format(x=x)
    return dressed(x, style, colour, r, AROUND, BEHIND)


def told(n: int, label: str, words: Words, style: str, colour: str, r: random.Random) -> str:
    """A caption of the n-th concept among words that name nothing: only the first thing counts."""
    def strange() -> str:
        return r.choice(words.strange)

    x = plain(label) if r.random() < 0.6 or not words.own[n] else r.choice(words.own[n])
    if r.random() < 0.1:
        x += r.choice(("s", "'s " + strange()))
    x = r.choice(TELLING).replace("{w}", "{{}}").format(x=x)
    while "{}" in x:
        x = x.replace("{}", strange(), 1)
    for _ in range(r.choice((0, 1, 1, 2, 2, 3))):
        joint, small = r.choice(JOINTS), r.choice(SMALL) if r.random() < 0.5 else ""
        other = r.choice(words.all) if joint != "and" and r.random() < 0.15 else " ".join(strange() for _ in range(r.choice((1, 1, 2))))
        x += f"{'' if joint in ',.' else ' '}{joint} {small} {other}".replace("  ", " ")
    return dressed(x, style, colour, r, [*AROUND, "{x}, {s}", "{s} " + strange() + " of {x}"], [*BACKGROUND, *BEHIND])


def scene(things: list[int], concepts: list[dict], words: Words, style: str, colour: str, r: random.Random) -> str:
    """A caption for two or three things, by their numbers, from left to right."""
    named = []
    for n in things:
        x = plain(concepts[n]["label"]) if r.random() < 0.65 or not words.own[n] else r.choice(words.own[n])
        x = x.replace(" and ", " ")                                            # that word stands between things
        kind = r.choice(KINDS)
        if r.random() < 0.2 and f"{kind} {x}" not in words.labels:
            x = f"{kind} {x}"
        named.append(x)
    if len(set(things)) == 1:
        x = r.choice(SAME[len(things)]).format(named[0].removesuffix("s"))
    else:
        article = r.choice(("", "a ", "a ", "the "))
        x = r.choice(TWO if len(things) == 2 else THREE).format(*(article + x for x in named))
    if r.random() < 0.1:
        x = r.choice(BEFORE).format(x=x)
    return dressed(x, style, colour, r, AROUND, BEHIND)


def draw(concept: dict, style: str, colour: str, r: random.Random, tagged: float = 0.2, held: bool = False) -> str:
    """A caption for one thing, from the training part (or the held-out part)."""
    for _ in range(2000):
        text = caption(subject(concept, r, tagged), style, colour, r, 1.0 if held or style != STYLES[0] else 0.7)
        if held_out(text) == held:
            return text
    raise ValueError(f"{concept['label']}: no caption is {'held out' if held else 'left for training'}")


def colour(r: random.Random, white: float = 0.45) -> str:
    return "white" if r.random() < white else r.choice(list(COLOURS))


assert set(STYLES) == {"3d", "flat", "cartoon"}
