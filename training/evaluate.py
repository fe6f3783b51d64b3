"""Measures the model: draws held-out captions and looks each picture up among all training pictures, by latents.

Prints a table against the bars and writes a contact sheet. The search is over every concept in every style on the asked background's
true colour; the background drawn is judged by its four corners against all colours. In scenes each thing is looked up where it should stand. Then image-to-image: from one picture with the
caption of another, whose picture is the result nearest to?"""

import random
import time
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F

import captions
import slots
from assemble import deltas
from config import COLOURS, HERE, MODEL, STYLES, parser
from dataset import Pictures
from distil import GUIDANCE
from latents import Map
from model import Text, autoencoder_of, pack, transformer, unpack
from shapes import shift
from sheet import sample, save


class Asked(NamedTuple):
    style: int
    things: list[int]                          # concepts, from left to right
    colour: str
    caption: str


class Row(NamedTuple):
    """A row of the table."""

    name: str
    asked: list[Asked]
    steps: int = 4
    shift: float | None = None                 # none: as schnell
    grid: tuple[int, int] = (16, 16)


def corners(rgb: torch.Tensor) -> torch.Tensor:
    """(b, 3, h, w) in -1..1 -> the middle colour of the corners (b, 3) in 0..255."""
    n = 12
    parts = [rgb[:, :, y, x].flatten(2) for y in (slice(0, n), slice(-n, None)) for x in (slice(0, n), slice(-n, None))]
    return (torch.cat(parts, 2).median(2).values.clamp(-1, 1) + 1) * 127.5


BARS = {"concept first": 0.80, "concept in five": 0.92, "style": 0.90, "background": 0.95}


class Judge:
    """Looks drawn latents up among all training pictures."""

    def __init__(self, pictures: Pictures, work: Path, m: Map):
        self.grid, self.map, self.names = pictures.zr.shape[:2], m, list(COLOURS)
        self.alone = pictures.zr.flatten(0, 1).float(), pictures.za.flatten(0, 1).float()
        colour, clear, _ = slots.things(work, m)
        side = slots.SIDE
        self.things = unpack(colour, side, side), torch.stack([unpack(clear[:, :, c], side, side) for c in range(3)], 1)
        self.palette = torch.tensor([COLOURS[n] for n in self.names]).float()

    def __call__(self, z: torch.Tensor, asked: Asked) -> list[tuple[bool, ...]]:
        """For each thing, in the order of BARS."""
        b = self.palette[self.names.index(asked.colour)] / 255
        back = self.names[(corners(self.map.to_rgb(z[None])) - self.palette).norm(dim=1).argmin()] == asked.colour
        hits = []
        for part, concept in zip(self.parts(z, len(asked.things)), asked.things):
            colour, clear = self.alone if len(asked.things) == 1 else self.things
            away = (colour + torch.einsum("c,ncdhw->ndhw", b, clear) - part).flatten(1).square().sum(1).view(self.grid)
            near = away.min(0).values.argsort()[:5].tolist()
            hits.append((near[0] == concept, concept in near, away.min(1).values.argmin().item() == asked.style, back))
        return hits

    def parts(self, z: torch.Tensor, count: int) -> list[torch.Tensor]:
        """Where the things stand (16, 2 * SIDE, 2 * SIDE each), or the whole."""
        if count == 1:
            return [z]
        h, w = z.shape[1] // 2, z.shape[2] // 2
        side = 2 * slots.SIDE
        cuts = []
        for slot, spots in enumerate(slots.spots(h, w, shift(h, w))):
            if slot in slots.SHOWN[count]:
                y, x = divmod((spots == 0).nonzero().item(), w)
                cuts.append(z[:, 2 * y : 2 * y + side, 2 * x : 2 * x + side])
        return cuts


def questions(pictures: Pictures, count: int, seed: int, loose: bool = False) -> list[Asked]:
    """Held-out captions, one for each concept in turn, in random style and colour, shuffled; composed ones or loose ones."""
    r, asked = random.Random(seed + 1), []
    for k in range(count):
        concept, style, colour = k % len(pictures.concepts), r.randrange(len(STYLES)), captions.colour(r)
        text = pictures.loose(style, concept, colour, r, held=True) if loose else captions.draw(pictures.concepts[concept], STYLES[style], colour, r, 0.2, held=True)
        asked.append(Asked(style, [concept], colour, text))
    r.shuffle(asked)
    return asked


def scenes(pictures: Pictures, count: int, seed: int) -> list[Asked]:
    """Held-out captions of two or three things."""
    pictures.random.seed(seed + 2)
    asked = []
    for _ in range(count):
        style, things, colour = pictures.several()
        asked.append(Asked(style, things, colour, pictures.scene(style, things, colour, pictures.random, held=True)))
    return asked


def between(text: Text, net, pictures: Pictures, asked: list[Asked], strength: float, seed: int) -> tuple[float, float]:
    """Share of pictures nearest, of all concepts and styles, to the one they started from; and to the one asked for. On white, by plain names."""
    whole = pictures.zr.flatten(0, 1).float() + pictures.za.flatten(0, 1).float().sum(1)
    n = pictures.zr.shape[1]
    goal = torch.tensor([q.style * n + q.things[0] for q in asked])
    first = goal.roll(1)
    z = sample(text, net, [captions.caption(captions.plain(pictures.concepts[q.things[0]]["label"]), STYLES[q.style], "white", random.Random(seed), 1.0) for q in asked],
               16, 16, 28, seed, start=pack(whole[first]), strength=strength)
    near = torch.stack([(whole - one).flatten(1).square().sum(1).argmin() for one in z])
    return (near == first).float().mean().item(), (near == goal).float().mean().item()


def written(pictures: Pictures) -> list[Asked]:
    """The captions of written.txt."""
    labels, asked = [c["label"] for c in pictures.concepts], []
    for line in (HERE / "written.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            text, label, style, colour = (part.strip() for part in line.split("|"))
            asked.append(Asked(STYLES.index(style), [labels.index(label)], colour, text))
    return asked


@torch.no_grad()
def main() -> None:
    p = parser(__doc__, device=True)
    p.add_argument("--dir", type=Path, default=MODEL / "dev")
    p.add_argument("--schnell", type=Path, default=MODEL / "schnell/pytorch_lora_weights.safetensors", help="the LoRA that makes schnell of it")
    p.add_argument("--prompts", type=int, default=300, help="captions for schnell's 4 steps")
    p.add_argument("--dev", type=int, default=300, help="how many of them for dev's 28 steps too")
    p.add_argument("--batch", type=int, default=10)
    p.add_argument("--only", help="only the rows whose names begin so")
    p.add_argument("--between", type=int, default=40, help="pictures for image-to-image")
    p.add_argument("--sheet", type=Path, default=HERE.parent / "docs/emoji.jpg", help="contact sheet of the first 48, a .jpg or .png")
    a = p.parse_args()
    pictures, m = Pictures(a.work, 256, a.seed), Map(MODEL / "dev/vae/preview.safetensors")
    text, net, judge = Text(a.dir), transformer(a.dir), Judge(pictures, a.work, m)
    fast = transformer(a.dir)
    for name, delta in (deltas(a.schnell) if a.schnell.exists() else {}).items():
        fast.get_parameter(name).add_(delta.to(fast.device))
    decoder = autoencoder_of(a.dir / "vae")
    asked, free = questions(pictures, a.prompts, a.seed), questions(pictures, a.prompts, a.seed, loose=True)
    rows = [Row("schnell, 4 steps", asked), Row("dev, 28 steps", asked[: a.dev], 28, 0.8), Row("schnell, loose captions", free), Row("schnell, written by hand", written(pictures)),
            Row("schnell, two or three things, 21:12", scenes(pictures, a.prompts // 2, a.seed), grid=(12, 21))]
    table = {}
    for row in rows:
        if a.only and not row.name.startswith(a.only):
            continue
        hits, shown, began = [], [], time.time()
        for i in range(0, len(row.asked), a.batch):
            part = row.asked[i : i + a.batch]
            z = sample(text, fast if row.shift is None else net, [q.caption for q in part], *row.grid, row.steps, a.seed + i, guidance=GUIDANCE, shift=row.shift)
            hits += [hit for one, q in zip(z, part) for hit in judge(one, q)]
            if len(shown) < 48:
                shown.extend(z.unbind())
            if i // a.batch % 5 == 4:
                print(f"{row.name}: {i + a.batch} of {len(row.asked)}, {time.time() - began:.0f}s", flush=True)
        if hits:
            table[row.name] = [*torch.tensor(hits).float().mean(0).tolist(), len(hits)]
        if a.sheet and row.asked is asked:
            save(torch.cat([F.avg_pool2d(decoder.decode(z[None]).sample, 8) for z in shown[:48]]), a.sheet, 12)
        if a.sheet and row.grid != (16, 16):
            save(torch.cat([F.avg_pool2d(decoder.decode(z[None]).sample, 8) for z in shown[:24]]), a.sheet.with_stem(a.sheet.stem + "-scenes"), 4)
    print("| | " + " | ".join(BARS) + " | things |")
    for name, row in table.items():
        print(f"| {name} | " + " | ".join(f"{v:.1%}{'' if v >= bar else ' MISSED'}" for v, bar in zip(row, BARS.values())) + f" | {row[-1]} |")
    print("| bar | " + " | ".join(f"{v:.0%}" for v in BARS.values()) + " | |")
    if a.between:
        for strength in (0.3, 0.5, 0.7, 0.8, 0.9):
            kept, drawn = between(text, net, pictures, asked[: a.between], strength, a.seed)
            print(f"image-to-image at {strength}: {kept:.0%} are still the picture they started from, {drawn:.0%} are the one asked for")


if __name__ == "__main__":
    main()
