"""What the refining blocks are trained on: the picture that a code stands for, or something else that is to be kept.

Near pure noise the picture is always the remembered one, so that drawing follows the caption. At lower noise the whole picture,
or a part of it, is sometimes another one: that is what image-to-image and inpainting start from."""

import random
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

import slots
from config import COLOURS, STYLES
from latents import PATCH, Map
from model import pack
from places import FAR
from recall import by_place
from refiner import GUIDANCE, Before, place_map
from shapes import GRIDS, shift

FREE = 0.72                                    # up to this noise the picture may be another one


class Batch(NamedTuple):
    """One batch of a grid."""

    h: int
    w: int
    picture: torch.Tensor                      # (n, tokens, 64), what is to be drawn
    recalled: torch.Tensor                     # (n, tokens, 64 + BASIS)
    back: torch.Tensor                         # (n, 3)
    code: torch.Tensor
    guidance: torch.Tensor
    t: torch.Tensor
    other: torch.Tensor | None = None          # the same pictures, changed
    look: torch.Tensor | float = 0.0           # where the trigger word is said
    count: torch.Tensor | None = None          # of things, in scenes


def by_colour(matrix: torch.Tensor, m: Map) -> torch.Tensor:
    """Matrices on colours (n, 3, 3) as matrices on latents, z @ . (n, 16, 16)"""
    d, e = m.decode.view(16, 3, PATCH**2), m.encode.view(3, PATCH**2, 16)
    return torch.einsum("icp,nck,kpj->nij", d, matrix, e)


class Latents(NamedTuple):
    """Of all places and one more, where nothing is: colour (pictures, places + 1, 64) and what a background adds (.., 3, 64); the same of things in scenes."""

    colour: torch.Tensor
    clear: torch.Tensor
    thing_colour: torch.Tensor
    thing_clear: torch.Tensor

    @classmethod
    def of(cls, alone: tuple[torch.Tensor, torch.Tensor], things: tuple[torch.Tensor, torch.Tensor]) -> "Latents":
        nothing = [a[:1, :1] for a in alone]                                   # the corner of the first picture, as Targets has it
        ended = [torch.cat([a, n.expand(len(a), *n.shape[1:])], 1).half() for a, n in zip((*alone, *things), nothing * 2)]
        return cls(*ended)

    def gather(self, index: torch.Tensor, h: int, w: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Colour and clearness of pictures (n), or of rows of things (n, SLOTS; -1: none), at all tokens."""
        at = shift(h, w)
        if index.ndim == 1:
            place = place_map(h, w, at, FAR)
            return self.colour[index][:, place].float(), self.clear[index][:, place].float()
        both = []
        for all_things in (self.thing_colour, self.thing_clear):
            nothing = all_things[0, -1].float()
            x = nothing.expand(len(index), h * w, *nothing.shape).clone()
            for slot, spots in enumerate(slots.spots(h, w, at)):
                here, shown = spots < slots.PLACES, index[:, slot] >= 0
                x[:, here] += (all_things[index[:, slot].clamp_min(0)][:, spots[here]].float() - nothing) * shown.view(-1, *[1] * (x.ndim - 1))
            both.append(x)
        return both[0], both[1]


ROWS = [(12, 21)] * 3 + [(10, 24)] * 2 + [(16, 16)] * 3 + [(13, 19)] * 2 + [(14, 18), (14, 17), (6, 11), (5, 12), (7, 10)]   # grids of scenes; others are rarer


class Scenes:
    """Draws batches. rgba: all pictures at the quarter-size canvas; others: what else may be shown (data.py --all)."""

    def __init__(self, before: Before, m: Map, work: Path, seed: int, tint: float = 0.05, light: float = 0.08, free: float = FREE, several: float = 0.3,
                 guidance: float | None = None):
        """several: share of batches of two or three things. guidance: of all pictures; at random if missing."""
        self.before, self.map, self.tint, self.light, self.free, self.several, self.guidance = before, m, tint, light, free, several, guidance
        self.r = random.Random(seed)
        self.own = Latents.of(by_place(work)[:2], slots.things(work, m)[:2])
        self.black = pack(m.to_latent(-torch.ones(1, 3, 2 * PATCH, 2 * PATCH)))[0, 0]
        self.code, self.things = before.memory.codes(), torch.stack([m.codes() for m in before.things], 1)   # (pictures, .), (pictures, SLOTS, .)
        others = work / "all256.npy"
        self.others = np.load(others if others.exists() else work / "rgba.npy", mmap_mode="r")
        self.palette = torch.tensor(list(COLOURS.values())).float() / 255

    def backs(self, n: int) -> torch.Tensor:
        named = self.palette[[0 if self.r.random() < 0.4 else self.r.randrange(len(self.palette)) for _ in range(n)]]
        free = torch.rand(n, 3)
        return torch.where((torch.rand(n) < 0.25)[:, None], free, named) + 0.01 * torch.randn(n, 3)

    def shown(self, index: torch.Tensor, back: torch.Tensor, strength: torch.Tensor, h: int, w: int, *kinds: Latents) -> list[torch.Tensor]:
        """Pictures on backgrounds, in a light and a tint that only the noise tells, the same for each kind (n, tokens, 64)."""
        n = len(index)
        gain = 1 + self.tint * (0.5 * torch.randn(n, 1) + 0.8 * torch.randn(n, 3))
        grey = torch.tensor([0.3, 0.6, 0.1]).expand(3, 3)
        much = (self.tint * 1.5 * torch.randn(n))[:, None, None].clamp(-0.5, 0.3)
        matrix = by_colour((torch.eye(3) * (1 + much) - much * grey.T) @ torch.diag_embed(gain), self.map)
        y, x = (torch.linspace(-1, 1, k) for k in (h, w))
        slope = self.light * torch.randn(n, 2, 1, 1)
        lit = 1 + (slope[:, 0] * y[:, None] + slope[:, 1] * x[None]).clamp(-0.45, 0.45).flatten(1)[..., None]
        out = []
        for kind in kinds:
            colour, clear = kind.gather(index, h, w)
            colour = colour - self.black
            colour = self.black + lit * torch.einsum("npis,nij->npjs", colour.unflatten(2, (16, 4)), matrix).flatten(2)
            nothing, empty = kind.colour[0, -1].float(), kind.clear[0, -1].float()
            colour = nothing + strength[:, None, None] * (colour - nothing)
            clear = empty + strength[:, None, None, None] * (clear - empty)
            out.append(colour + torch.einsum("nc,npcd->npd", back, clear))
        return out

    def other(self, h: int, w: int) -> torch.Tensor:
        """Some scene: pictures of any concept on a plain, graded or blotted background (tokens, 64)."""
        r, height, width = self.r, h * 2 * PATCH, w * 2 * PATCH
        if r.random() < 0.5:
            canvas = torch.rand(3)[:, None, None].expand(3, height, width).clone()
        else:
            k = r.choice((2, 3, 5, 9, 17))
            canvas = F.interpolate(torch.rand(1, 3, k, k), size=(height, width), mode="bicubic")[0].clamp(0, 1)
        for _ in range(r.choice((0, 1, 1, 1, 2, 3))):
            a = self.others[r.randrange(self.others.shape[0]), r.randrange(self.others.shape[1])]
            a = torch.as_tensor(np.array(a)).permute(2, 0, 1).float() / 255
            down = 1 if min(h, w) >= 14 and r.random() < 0.6 else 2
            a = F.avg_pool2d(a, down) if down > 1 else a
            a = a.flip(2) if r.random() < 0.5 else a
            y, x = (r.randrange(-32, max(1, size - a.shape[1] + 33)) for size in (height, width))
            part = a[:, max(0, -y) : height - y, max(0, -x) : width - x]
            spot = canvas[:, max(0, y) : max(0, y) + part.shape[1], max(0, x) : max(0, x) + part.shape[2]]
            spot.copy_(part[:3] + (1 - part[3:]) * spot)
        return pack(self.map.to_latent(canvas[None] * 2 - 1))[0]

    def mask(self, h: int, w: int) -> torch.Tensor:
        """True where the remembered picture stands: a rectangle, or all but one (tokens)."""
        r, m = self.r, torch.zeros(h, w, dtype=torch.bool)
        y, x = sorted(r.sample(range(h + 1), 2)), sorted(r.sample(range(w + 1), 2))
        m[y[0] : y[1], x[0] : x[1]] = True
        return (m if r.random() < 0.5 else ~m).flatten()

    def batch(self, n: int, changed: Latents | None = None) -> Batch:
        """n square pictures, or as many of another shape as have so many tokens; beside them, if given, the changed ones."""
        r, scene = self.r, self.r.random() < self.several
        if scene:
            h, w = r.choice(ROWS) if r.random() < 0.85 else r.choice(GRIDS)
        else:
            h, w = (16, 16) if r.random() < 0.6 else r.choice(GRIDS)
        n = min(4 * n, n * 256 // (h * w))
        index, count = (self.row(n) if scene else (torch.randint(len(self.code), (n,)), None))
        said = torch.where(index < 0, torch.randint(len(self.code), index.shape), index)   # where nothing is shown, a code says something all the same
        code = self.things[said, torch.arange(slots.SLOTS)].flatten(1) if scene else self.code[said]
        code = code + torch.rand(n, 1) * 0.28 * torch.randn(code.shape)
        back = self.backs(n)
        guidance = torch.where(torch.rand(n) < 0.6, torch.full((n,), 3.5), torch.rand(n) * 8) if self.guidance is None else torch.full((n,), self.guidance)
        t = torch.where(torch.rand(n) < 0.45, 0.55 + 0.45 * torch.rand(n), 0.03 + 0.97 * torch.rand(n))
        y = self.before.recalled(h, w, code, guidance, count)
        x, *other = self.shown(index, back, 1 + GUIDANCE * (guidance - 3.5), h, w, *([self.own, changed] if changed else [self.own]))
        for k in range(n):
            if t[k] < self.free and r.random() < 0.3:
                another = self.other(h, w)
                x[k] = torch.where(self.mask(h, w)[:, None], x[k], another) if r.random() < 0.5 else another
        return Batch(h, w, x, y, back, code, guidance, t, *other, count=count)

    def row(self, n: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Things of n scenes, each in one style (n, SLOTS; -1: none), and how many."""
        concepts = len(self.things) // len(STYLES)
        count = torch.randint(2, 4, (n,))
        index = torch.randint(concepts, (n, slots.SLOTS)) + concepts * torch.randint(len(STYLES), (n, 1))
        shown = torch.tensor([[slot in slots.SHOWN[k] for slot in range(slots.SLOTS)] for k in count.tolist()])
        return torch.where(shown, index, -1), count
