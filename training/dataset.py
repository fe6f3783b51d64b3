"""Pictures as latents, with captions, drawn at random."""

import json
import random
from pathlib import Path
from typing import Callable

import torch

import captions
from config import COLOURS, STYLES, read


class Pictures:
    """Latents of every concept in every style, over any background."""

    def __init__(self, work: Path, canvas: int, seed: int, concepts: int | None = None):
        t = read(work / f"latents{canvas}.pt")
        self.concepts = json.loads((work / "concepts.json").read_text())[:concepts]
        n, self.lexicon = len(self.concepts), captions.Words(self.concepts, json.loads((work / "words.json").read_text()))
        self.zr, self.za = t["zr"][:, :n], t["za"][:, :n]
        self.random = random.Random(seed)

    def choose(self) -> tuple[int, int, str]:
        """A style, a concept and a background colour's name."""
        r = self.random
        return r.randrange(len(STYLES)), r.randrange(len(self.concepts)), captions.colour(r)

    def words(self, style: int, concept: int, colour: str, tagged: float, loose: float = 0.0) -> str:
        """A caption from the training part; a share of them loose, half of these told among words that name nothing."""
        if self.random.random() < loose:
            return self.loose(style, concept, colour, self.random, write=self.random.choice((captions.loose, captions.told)))
        return captions.draw(self.concepts[concept], STYLES[style], colour, self.random, tagged)

    def loose(self, style: int, concept: int, colour: str, r: random.Random, held: bool = False, write: Callable[..., str] = captions.loose) -> str:
        """A loose caption, or a told one, from the training part (or the held-out part)."""
        while True:
            text = write(concept, self.concepts[concept]["label"], self.lexicon, STYLES[style], colour, r)
            if captions.held_out(text) == held:
                return text

    def several(self) -> tuple[int, list[int], str]:
        """A style, two or three concepts, and a background colour's name."""
        r, count = self.random, 2 + (self.random.random() < 0.5)
        things = [r.randrange(len(self.concepts))] * count if r.random() < 0.15 else r.sample(range(len(self.concepts)), count)
        return r.randrange(len(STYLES)), things, captions.colour(r)

    def scene(self, style: int, things: list[int], colour: str, r: random.Random, held: bool = False) -> str:
        """A caption of several things from the training part (or the held-out part)."""
        while True:
            text = captions.scene(things, self.concepts, self.lexicon, STYLES[style], colour, r)
            if captions.held_out(text) == held:
                return text

    def latent(self, style: int, concept: int, colour: str) -> torch.Tensor:
        """(16, g, g)"""
        back = torch.tensor(COLOURS[colour]).float() / 255
        return self.zr[style, concept].float() + (back[:, None, None, None] * self.za[style, concept].float()).sum(0)

    def batch(self, n: int, tagged: float = 0.2, empty: float = 0.05) -> tuple[torch.Tensor, list[str]]:
        """n latents (n, 16, g, g) and their captions; some captions are empty."""
        what = [self.choose() for _ in range(n)]
        words = [captions.draw(self.concepts[c], STYLES[s], name, self.random, tagged) for s, c, name in what]
        words = ["" if self.random.random() < empty else w for w in words]
        return torch.stack([self.latent(*w) for w in what]), words
