"""Measures the model: draws held-out captions and looks each picture up among all training pictures, by latents.

Prints JSON and writes a contact sheet. The search is over every concept in every style on the asked background's
true colour; the background drawn is judged by its four corners against all colours."""

import json
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import captions
from config import COLOURS, HERE, MODEL, STYLES, parser
from dataset import Pictures
from latents import Map
from model import Text, transformer
from sheet import sample, save


def corners(rgb: torch.Tensor) -> torch.Tensor:
    """(b, 3, h, w) in -1..1 -> the middle colour of the corners (b, 3) in 0..255."""
    n = 12
    parts = [rgb[:, :, y, x].flatten(2) for y in (slice(0, n), slice(-n, None)) for x in (slice(0, n), slice(-n, None))]
    return (torch.cat(parts, 2).median(2).values.clamp(-1, 1) + 1) * 127.5


def main() -> None:
    p = parser(__doc__)
    p.add_argument("--dir", type=Path, default=MODEL / "dev")
    p.add_argument("--prompts", type=int, default=300)
    p.add_argument("--steps", type=int, default=28)
    p.add_argument("--shift", type=float, default=0.8, help="dynamic shift at 1024x1024; negative: none, as schnell")
    p.add_argument("--batch", type=int, default=10)
    p.add_argument("--sheet", type=Path, default=HERE.parent / "docs/emoji.jpg")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    pictures, r = Pictures(a.work, 256, a.seed), random.Random(a.seed + 1)
    text, net, m = Text(a.dir), transformer(a.dir), Map(MODEL / "dev/vae/preview.safetensors")
    names = list(COLOURS)
    asked = []
    for k in range(a.prompts):
        concept, style, colour = k % len(pictures.concepts), r.randrange(len(STYLES)), captions.colour(r)
        asked.append((style, concept, colour, captions.draw(pictures.concepts[concept], STYLES[style], colour, r, 0.2, held=True)))
    r.shuffle(asked)
    grid = pictures.zr.shape[:2]
    zr, za = pictures.zr.flatten(0, 1).float(), pictures.za.flatten(0, 1).float()
    palette = torch.tensor([COLOURS[n] for n in names]).float()
    hits, shown, began = [], [], time.time()
    for i in range(0, len(asked), a.batch):
        part = asked[i : i + a.batch]
        z = sample(text, net, [q[3] for q in part], 16, 16, a.steps, a.seed + i, shift=None if a.shift < 0 else a.shift)
        rgb = m.to_rgb(z)
        back = (corners(rgb)[:, None] - palette).norm(dim=2).argmin(1)
        for j, (style, concept, colour, _) in enumerate(part):
            b = palette[names.index(colour)] / 255
            away = (zr + torch.einsum("c,ncdhw->ndhw", b, za) - z[j]).flatten(1).square().sum(1).view(grid)
            near = away.min(0).values.argsort()[:5].tolist()
            hits.append((near[0] == concept, concept in near, away.min(1).values.argmin().item() == style, away[:, concept].argmin().item() == style, names[back[j]] == colour))
        if len(shown) < 48:
            shown.extend(F.avg_pool2d(rgb, 2).unbind())
        if i // a.batch % 5 == 4:
            print(f"{i + len(part)} prompts, {time.time() - began:.0f}s", flush=True)
    h = torch.tensor(hits).float().mean(0).tolist()
    result = {"prompts": len(hits), "steps": a.steps, "concept_first": h[0], "concept_in_five": h[1], "style": h[2], "style_given_concept": h[3], "background": h[4]}
    print(json.dumps({k: round(v, 4) for k, v in result.items()}))
    if a.sheet:
        a.sheet.parent.mkdir(parents=True, exist_ok=True)
        save(torch.stack(shown[:48]), a.sheet, 12)


if __name__ == "__main__":
    main()
