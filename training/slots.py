"""Where the things of a scene stand: two or three in a row, each 4x4 tokens, about the middle of either remembered grid.

A thing alone fills the remembered grid (shapes.py). Two stand to the left and to the right, a third between them."""

from functools import cache
from pathlib import Path
from typing import Callable

import numpy as np
import torch
import torch.nn.functional as F

from config import CONFIG
from latents import PATCH, Map, split
from layout import CODE
from model import pack
from places import FAR

SLOTS, SIDE = 3, 4                             # left, middle, right; tokens
WIDTH = CODE // SLOTS                          # numbers of a thing's code in a scene
CORNERS = [(6, 2), (FAR + 2, FAR - 2)]         # row and column of the left one, on the large and on the small grid
PLACES = SIDE * SIDE
SHOWN = {1: (), 2: (0, 2), 3: (0, 1, 2)}       # by how many things are asked for


def part(slot: int) -> slice:
    """Where a scene's code holds that of a thing."""
    return slice(slot * WIDTH, (slot + 1) * WIDTH)


def lines(corner: tuple[int, int], slot: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Row and column of each of a thing's places (PLACES), in the places' order."""
    row, column = (first + torch.arange(SIDE) for first in (corner[0], corner[1] + slot * SIDE))
    return row.repeat_interleave(SIDE), column.repeat(SIDE)


@cache
def spots(h: int, w: int, shift: tuple[int, int]) -> torch.Tensor:
    """For each slot and token of a grid, which of a thing's places it shows; PLACES where none (SLOTS, h * w)."""
    out = torch.full((SLOTS, h, w), PLACES)
    for slot in range(SLOTS):
        for corner in CORNERS:
            for n, (row, column) in enumerate(zip(*lines(corner, slot))):
                y, x = row - shift[0], column - shift[1]
                if 0 <= y < h and 0 <= x < w:
                    out[slot, y, x] = n
    return out.flatten(1)


def things(work: Path, m: Map) -> tuple[torch.Tensor, torch.Tensor, torch.Size]:
    """Latents of all pictures as things of a scene, as drawn gives them; and (styles, concepts)."""
    return *drawn(work, m, SIDE), np.load(work / "rgba.npy", mmap_mode="r").shape[:2]


def drawn(work: Path, m: Map, side: int, change: Callable[[torch.Tensor], torch.Tensor] = lambda x: x) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents of all pictures at so many tokens a side, changed as pixels: on black (n, side^2, 64), and what a background adds (n, side^2, 3, 64)."""
    rgba, colour, clear = np.load(work / "rgba.npy", mmap_mode="r"), [], []
    for style in rgba:
        for i in range(0, len(style), 50):
            x = torch.as_tensor(np.array(style[i : i + 50])).permute(0, 3, 1, 2).float() / 255
            zr, za = split(change(F.avg_pool2d(x, CONFIG["canvas"] // (side * 2 * PATCH))), m)
            colour.append(pack(zr)), clear.append(torch.stack([pack(za[:, c]) for c in range(3)], 2))
    return torch.cat(colour), torch.cat(clear)
