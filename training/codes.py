"""Codes: the principal components of all pictures, over every background at once.

A picture's latent on background b is zr + sum b_c za_c; the components are those of (zr + mean_c za_c, spread * za_c),
so that a cut-off code loses least over the backgrounds that are drawn."""

import torch

from config import parser

MEAN, SPREAD = 0.6, 0.35


def features(zr: torch.Tensor, za: torch.Tensor) -> torch.Tensor:
    """zr (n, 16, g, g), za (n, 3, 16, g, g) -> (n, 4 * 16 * g * g)"""
    return torch.cat([(zr + MEAN * za.sum(1)).flatten(1), SPREAD * za.flatten(1)], 1)


def main() -> None:
    p = parser(__doc__)
    p.add_argument("--canvas", type=int, default=256)
    p.add_argument("--components", type=int, default=216)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    t = torch.load(a.work / f"latents{a.canvas}.pt", weights_only=True)
    shape = t["zr"].shape[:2]
    zr, za = t["zr"].flatten(0, 1).float(), t["za"].flatten(0, 1).float()
    x = features(zr, za)
    x -= x.mean(0)
    w, v = torch.linalg.eigh(x @ x.T)
    w, v = w.flip(0)[: a.components].clamp_min(0), v.flip(1)[:, : a.components]
    code = v * w.sqrt()
    scale = code.std()                                        # one scale for all: errors keep their weight
    print(f"{a.components} components hold {w.sum() / x.square().sum():.3f} of the variance")
    code = code / scale
    one = torch.cat([code, torch.ones(len(code), 1)], 1)
    solve = torch.linalg.lstsq(one, torch.cat([zr.flatten(1), za.flatten(1)], 1)).solution   # (k + 1, 4 * 16 * g * g)
    solve = solve.view(-1, 4, *zr.shape[1:])
    torch.save({"code": code.unflatten(0, shape), "zr": solve[:, 0].clone(), "za": solve[:, 1:].clone()}, a.work / "codes.pt")


if __name__ == "__main__":
    main()
