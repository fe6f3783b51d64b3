"""The fixed linear latents: 8x8 RGB patches of the quarter-size canvas, 16 principal components each.

A latent is linear in colour times alpha and in alpha, so a picture over any background is one multiply-add:
latent(background) = zr + sum over c of background[c] * za[c]."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from config import CONFIG, MODEL, parser, seeded

PATCH = 8


class Map:
    """The map both ways. decode (16, 192) and mean (192) are those of vae/preview.safetensors."""

    def __init__(self, path: Path):
        t = load_file(path)
        self.decode, self.mean = (t[name].float().to(torch.get_default_device()) for name in ("decode.weight", "mean"))
        self.encode = torch.linalg.pinv(self.decode)

    def to_latent(self, rgb: torch.Tensor, mean: bool = True) -> torch.Tensor:
        """(b, 3, h, w) in -1..1 at quarter size -> (b, 16, h/8, w/8)."""
        b, _, h, w = rgb.shape
        p = F.unfold(rgb, PATCH, stride=PATCH).transpose(1, 2)
        z = (p - self.mean if mean else p) @ self.encode
        return z.transpose(1, 2).reshape(b, 16, h // PATCH, w // PATCH)

    def to_rgb(self, z: torch.Tensor) -> torch.Tensor:
        """(b, 16, h, w) -> (b, 3, 8h, 8w) in -1..1."""
        b, _, h, w = z.shape
        p = z.flatten(2).transpose(1, 2) @ self.decode + self.mean
        return F.fold(p.transpose(1, 2), (h * PATCH, w * PATCH), PATCH, stride=PATCH)


def split(rgba: torch.Tensor, m: Map) -> tuple[torch.Tensor, torch.Tensor]:
    """Premultiplied (b, 4, h, w) in 0..1 -> zr (b, 16, g, g), za (b, 3, 16, g, g)."""
    zr = m.to_latent(rgba[:, :3] * 2 - 1)
    clear = 2 * (1 - rgba[:, 3:])
    za = torch.stack([m.to_latent(clear * (torch.arange(3) == c).view(1, 3, 1, 1), mean=False) for c in range(3)], 1)
    return zr, za


def fit(rgba: np.ndarray, seed: int, samples: int = 300_000) -> tuple[torch.Tensor, torch.Tensor]:
    """decode and mean from random patches over random plain backgrounds."""
    g = seeded(seed)
    patches = []
    for style in rgba:
        for a in style[:: max(1, len(style) // 200)]:
            x = torch.as_tensor(np.array(a)).permute(2, 0, 1).float() / 255
            back = torch.rand(3, 1, 1, generator=g)
            p = F.unfold((x[:3] + (1 - x[3:]) * back)[None] * 2 - 1, PATCH, stride=PATCH)[0].T
            patches.append(p[torch.randperm(len(p), generator=g)[: samples // 600]])
    x = torch.cat(patches)
    mean = x.mean(0)
    w, v = torch.linalg.eigh(torch.cov((x - mean).T))
    v, scale = v.flip(1)[:, :16], w.flip(0)[:16].sqrt().sqrt()
    overall = ((x - mean) @ (v / scale)).std()
    return (v * scale * overall).T.contiguous(), mean


def main() -> None:
    p = parser(__doc__)
    p.add_argument("--map", type=Path, default=MODEL / "dev/vae/preview.safetensors", help="the map; fitted and written if missing")
    p.add_argument("--canvas", type=int, default=CONFIG["canvas"], help="side of the quarter-size canvas")
    a = p.parse_args()
    rgba = np.load(a.work / "rgba.npy", mmap_mode="r")
    if not a.map.exists():
        decode, mean = fit(rgba, a.seed)
        a.map.parent.mkdir(parents=True, exist_ok=True)
        save_file({"decode.weight": decode, "mean": mean}, a.map)
    m, down = Map(a.map), rgba.shape[2] // a.canvas
    zr, za = [], []
    for style in rgba:
        for i in range(0, len(style), 64):
            x = torch.as_tensor(np.array(style[i : i + 64])).permute(0, 3, 1, 2).float() / 255
            r, c = split(F.avg_pool2d(x, down) if down > 1 else x, m)
            zr.append(r.half()), za.append(c.half())
    shape = (len(rgba), rgba.shape[1])
    zr, za = (torch.cat(t).unflatten(0, shape) for t in (zr, za))
    torch.save({"zr": zr, "za": za}, a.work / f"latents{a.canvas}.pt")
    white = (zr + za.sum(2)).float()
    back = m.to_rgb(white[0, :64])
    x = torch.as_tensor(np.array(rgba[0, :64])).permute(0, 3, 1, 2).float() / 255
    x = F.avg_pool2d(x, down) if down > 1 else x
    true = (x[:, :3] + 1 - x[:, 3:]) * 2 - 1
    print(f"latents {tuple(zr.shape)}, std {white.std():.3f}, map alone {10 * torch.log10(4 / F.mse_loss(back, true)):.1f} dB")


if __name__ == "__main__":
    main()
