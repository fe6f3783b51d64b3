"""Measures the autoencoder on what it was not trained on: held-out emoji at 1024 pixels, and photographs painted by this script.

Prints PSNR in dB and how visible the edges of 32-pixel cells are; writes a contact sheet, originals above what comes back."""

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

from config import HERE, MODEL, parser, seeded
from model import autoencoder_of
from sheet import save

BAR = 30.0
SIDE, CELL = 1024, 32


def held_out(work: Path) -> torch.Tensor:
    """Every held-out concept in one style after the other, on white (n, 3, SIDE, SIDE) in -1..1."""
    rgba = np.load(work / "heldout1024.npy", mmap_mode="r")
    a = np.stack([rgba[i % len(rgba), i] for i in range(rgba.shape[1])])
    a = torch.as_tensor(a).permute(0, 3, 1, 2).float() / 255
    return (a[:, :3] + 1 - a[:, 3:]) * 2 - 1


def photographs(seed: int) -> torch.Tensor:
    """A sunset, a face-like blob in soft light, grass, and bricks (4, 3, SIDE, SIDE) in -1..1."""
    g = seeded(seed)
    y, x = torch.meshgrid(torch.linspace(0, 1, SIDE), torch.linspace(0, 1, SIDE), indexing="ij")

    def paint(*colours: tuple[float, float, float]) -> torch.Tensor:
        return torch.tensor(colours)[:, :, None, None]

    def noise(cells: int) -> torch.Tensor:
        return F.interpolate(torch.rand(1, 1, cells, cells, generator=g), size=(SIDE, SIDE), mode="bicubic")[0, 0]

    low, high = paint((0.95, 0.55, 0.25), (0.2, 0.3, 0.6))
    sky = high + (low - high) * y + 0.5 * torch.exp(-((x - 0.6) ** 2 + (y - 0.7) ** 2) * 200)
    skin, behind = paint((0.85, 0.62, 0.5), (0.25, 0.3, 0.28))
    round_ = torch.sigmoid((0.33 - ((x - 0.5) ** 2 * 1.4 + (y - 0.5) ** 2).sqrt()) * 60)
    face = behind + (skin * (0.75 + 0.5 * (1 - x)) - behind) * round_
    for eye in (0.4, 0.6):
        face = face - 0.5 * torch.exp(-((x - eye) ** 2 + (y - 0.42) ** 2) * 1500)
    one, two = paint((0.15, 0.3, 0.08), (0.5, 0.7, 0.25))
    grass = one + (two - one) * (0.6 * noise(256) + 0.4 * noise(64))
    joint, brick = paint((0.75, 0.72, 0.68), (0.62, 0.25, 0.18))
    row = (y * 12).floor()
    inside = ((y * 12) % 1 > 0.12) & (((x * 6 + row % 2 / 2) % 1) > 0.06)
    wall = torch.where(inside, brick * (0.8 + 0.4 * noise(90)), joint)
    return torch.stack([sky, face, grass, wall]).clamp(0, 1) * 2 - 1


@torch.no_grad()
def rebuild(v: AutoencoderKL, x: torch.Tensor) -> torch.Tensor:
    return torch.cat([v.decode(v.encode(one[None]).latent_dist.mode()).sample.clamp(-1, 1) for one in x])


def psnr(x: torch.Tensor, y: torch.Tensor) -> list[float]:
    """Of each picture, for a range of 2."""
    return [10 * math.log10(4 / F.mse_loss(a, b).item()) for a, b in zip(x, y)]


def edges(x: torch.Tensor, y: torch.Tensor) -> float:
    """How much larger the error's steps are across the cells' borders than elsewhere: 1 where no border is seen."""
    step = (y - x).diff(dim=3).abs().mean((0, 1, 2))
    border = torch.arange(1, SIDE) % CELL == 0
    return (step[border].mean() / step[~border].mean()).item()


def main() -> None:
    p = parser(__doc__)
    p.add_argument("--dir", type=Path, default=MODEL / "dev/vae", help="the autoencoder")
    p.add_argument("--sheet", type=Path, default=HERE.parent / "docs/autoencoder.jpg", help="contact sheet, a .jpg or .png")
    a = p.parse_args()
    v = autoencoder_of(a.dir)
    shown = []
    for name, x in (("held-out emoji on white", held_out(a.work)), ("painted photographs", photographs(a.seed))):
        y = rebuild(v, x)
        each = psnr(x, y)
        mean = sum(each) / len(each)
        verdict = "" if "photographs" in name else f" (bar {BAR:.0f}{'' if mean >= BAR else ' MISSED'})"
        print(f"autoencoder, {len(x)} {name}: {mean:.1f} dB{verdict} as the mean of {min(each):.1f} to {max(each):.1f}; "
              f"the error's steps at cell borders are {edges(x, y):.2f} times those elsewhere")
        shown += [x[:8], y[:8]]
    rows = torch.cat(shown)
    save(F.avg_pool2d(rows, 4), a.sheet, 8)


if __name__ == "__main__":
    main()
