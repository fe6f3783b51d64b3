"""Trains the decoder's inner levels, from latents to the quarter-size canvas, on every picture that all sets draw, and the encoder's with them.

The encoder may move latents a little from the linear map (encoder.py), which is what the transformer draws; so part of the pictures comes by
the linear map alone.

The outer levels, which only enlarge, are vae.py's task: they cost most of a step and need pictures at full size."""

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from safetensors.torch import save_file

import encoder
from config import MODEL, bf16, parser
from encoder import Tail
from latents import PATCH, Map
from model import autoencoder, autoencoder_of
from muon import Muon, others
from runs import Run


class Inner(torch.nn.Module):
    """A decoder's levels up to the quarter-size canvas, and a linear head that gives colours there."""

    def __init__(self, v: AutoencoderKL):
        super().__init__()
        d = v.decoder
        self.conv_in, self.mid_block, self.up_blocks = d.conv_in, d.mid_block, d.up_blocks[:3]
        self.resnets = d.up_blocks[3].resnets
        self.head = torch.nn.Conv2d(self.resnets[-1].out_channels, 3, 1)

    def features(self, z: torch.Tensor) -> torch.Tensor:
        """(b, 16, h, w) -> (b, 24, 8h, 8w)"""
        x = self.mid_block(self.conv_in(z))
        for block in self.up_blocks:
            x = block(x)
        for block in self.resnets:
            x = block(x, None)
        return x

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """(b, 16, h, w) -> (b, 3, 8h, 8w) in -1..1"""
        return self.head(self.features(z))

    @torch.no_grad()
    def aim(self, z: torch.Tensor, x: torch.Tensor) -> None:
        """The head by least squares."""
        f = self.features(z).permute(0, 2, 3, 1).flatten(0, 2)
        w = torch.linalg.lstsq(torch.cat([f, torch.ones(len(f), 1)], 1), x.permute(0, 2, 3, 1).flatten(0, 2)).solution
        self.head.weight.copy_(w[:-1].T[..., None, None]), self.head.bias.copy_(w[-1])


class Coder(torch.nn.Module):
    """Both inner parts: the encoder's tail, and the decoder's inner levels."""

    def __init__(self, v: AutoencoderKL, m: Map, drift: float, linear: float):
        """drift: what a moved latent costs; linear: share of pictures by the linear map alone."""
        super().__init__()
        self.tail, self.inner, self.drift, self.linear = Tail(v.encoder).requires_grad_(False), Inner(v), drift, linear
        self.learning, self.map = self.tail.learning(), m
        for p in self.learning:
            p.requires_grad_(True)

    def latents(self, canvas: torch.Tensor, noise: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Noisy latents of canvases (b, 3, h, w), and what their moves cost."""
        plain = self.map.to_latent(canvas)
        if torch.rand(()) < self.linear:
            return plain + noise * torch.randn_like(plain), plain.new_zeros(())
        z = self.tail(canvas)
        return z + noise * torch.randn_like(z), self.drift * (z - plain).square().mean()


class Canvases:
    """Pictures over random backgrounds."""

    def __init__(self, rgba: np.ndarray, seed: int):
        self.rgba, self.r = rgba, np.random.default_rng(seed)

    def back(self, size: int) -> torch.Tensor:
        """Mostly a plain colour; sometimes a gradient, or soft coloured noise (3, size, size)."""
        r = self.r
        kind = r.random()
        if kind < 0.08:
            k = int(r.choice([4, 8, 16, 32]))
            return F.interpolate(torch.as_tensor(r.random((1, 3, k, k), np.float32)), size=(size, size), mode="bicubic")[0].clamp(0, 1)
        one, two = (torch.as_tensor(np.float32(np.full(3, r.choice([1, 1, 1, 0, 0.5])) if r.random() < 0.5 else r.random(3)))[:, None, None] for _ in range(2))
        if kind < 0.16:
            t = torch.linspace(0, 1, size)[None, :, None].expand(1, size, size)
            t = t.mT if r.random() < 0.5 else t
            return one * (1 - t) + two * t
        return one.expand(3, size, size).clone()

    def one(self, side: int) -> torch.Tensor:
        """(3, side, side) in -1..1: a cut on the grid of patches, mirrored or with colours exchanged at random."""
        r = self.r
        a = self.rgba[r.integers(self.rgba.shape[0]), r.integers(self.rgba.shape[1])]
        size = a.shape[0]
        y, x = (int(r.integers(0, (size - side) // PATCH + 1)) * PATCH for _ in range(2))
        a = torch.as_tensor(np.array(a[y : y + side, x : x + side])).permute(2, 0, 1).float() / 255
        if r.random() < 0.5:
            a = a.flip(2)
        if r.random() < 0.15:
            a = a.transpose(1, 2)
        if r.random() < 0.15:
            a = torch.cat([a[torch.randperm(3)], a[3:]])
        return (a[:3] + (1 - a[3:]) * self.back(side)) * 2 - 1


def descend(y: torch.Tensor, x: torch.Tensor, cost: torch.Tensor | float, params: list[torch.nn.Parameter]) -> float:
    """Gradients of what y misses of pictures x, as a mean square and a little as decibels, and of another cost; returns the mean square."""
    error = (y.float() - x).square().mean((1, 2, 3))
    (error.mean() + 0.01 * (error + 1e-4).log().mean() + cost).backward()
    torch.nn.utils.clip_grad_norm_(params, 0.5)
    return error.mean().item()


@torch.no_grad()
def check(net: Coder, rgba: np.ndarray) -> str:
    """PSNR in dB on quarter-size held-out pictures on white, and by the linear map alone."""
    a = torch.cat([F.avg_pool2d(torch.as_tensor(np.array(style)).permute(0, 3, 1, 2).float() / 255, 4) for style in rgba])
    x = (a[:, :3] + 1 - a[:, 3:]) * 2 - 1
    both = []
    for encode in (net.tail, net.map.to_latent):
        error = [10 * math.log10(4 / F.mse_loss(net.inner(encode(one[None])).clamp(-1, 1), one[None]).item()) for one in x]
        both.append(sum(error) / len(error))
    away = (net.tail(x[:4]) - net.map.to_latent(x[:4])).square().mean().sqrt()
    return f"held-out {both[0]:.2f} dB, {both[1]:.2f} by the linear map, latents move by {away:.3f}"


def main() -> None:
    p = parser(__doc__, device=True)
    p.add_argument("--from", dest="init", type=Path, default=MODEL / "dev/vae", help="autoencoder to start from; at random if missing")
    p.add_argument("--out", type=Path, help="safetensors file for vae.py --inner; WORK/inner.safetensors if missing")
    p.add_argument("--pictures", default="all256", help="array under --work, as data.py --all writes it")
    p.add_argument("--steps", type=int, default=10**6)
    p.add_argument("--minutes", type=float, default=90, help="cool down so as to end by then")
    p.add_argument("--batch", type=int, default=4)
    p.add_argument("--side", type=int, default=256, help="of the cuts, in canvas pixels")
    p.add_argument("--rate", type=float, default=3e-4, help="of all but the kernels; 7e-4 undoes in a hundred steps what is known")
    p.add_argument("--muon", type=float, default=1e-3, help="Muon's rate, of the decoder's kernels")
    p.add_argument("--noise", type=float, default=0.03, help="on the latents")
    p.add_argument("--drift", type=float, default=0.005, help="what a latent's squared move from the linear map costs")
    p.add_argument("--linear", type=float, default=0.3, help="share of steps by the linear map alone")
    a = p.parse_args()
    torch.manual_seed(a.seed)
    out, state, m = a.out or a.work / "inner.safetensors", a.work / "inner.pt", Map(MODEL / "dev/vae/preview.safetensors")
    known = (a.init / "config.json").exists()
    v = autoencoder_of(a.init) if known else autoencoder()
    if not known:
        encoder.write(v.encoder, m)
    net = Coder(v, m, a.drift, a.linear).to(memory_format=torch.channels_last)
    if net.tail.silent():
        net.tail.wake()
    kernels = [q for q in net.inner.parameters() if q.ndim == 4 and q is not net.inner.head.weight]
    adam = torch.optim.AdamW([{"params": others(net.inner, kernels)}, {"params": net.learning, "weight_decay": 0}], lr=a.rate, betas=(0.9, 0.99), weight_decay=1e-4, fused=True)
    run = Run(state, net, [Muon(kernels, lr=a.muon), adam], a.steps, a.minutes, 0.998)
    data = Canvases(np.load(a.work / f"{a.pictures}.npy", mmap_mode="r"), a.seed)
    held = np.load(a.work / "heldout1024.npy", mmap_mode="r")
    if run.load():
        data.r = np.random.default_rng([a.seed, run.step])
    else:
        x = torch.stack([data.one(256) for _ in range(8)])
        net.inner.aim(m.to_latent(x), x)
        run.mean = [q.detach().clone() for q in run.params]
        print(f"begin: {check(net, held)}", flush=True)

    def save() -> None:
        run.save()
        old = run.set(run.mean)
        save_file({k: t.contiguous().bfloat16() for k, t in v.state_dict().items()}, out)
        print(f"{run.step}: {check(net, held)}", flush=True)
        run.set(old)

    seen = []
    while run.used() < 1:
        run.pace(200)
        x = torch.stack([data.one(a.side) for _ in range(a.batch)]).to(memory_format=torch.channels_last)
        z, cost = net.latents(x, a.noise)
        with bf16():
            y = net.inner(z)
        error = descend(y, x, cost, run.params)
        run.advance()
        seen.append(error)
        if run.step % 50 == 0:
            print(f"{run.step} {run.seconds():.0f}s PSNR {10 * math.log10(4 * 50 / sum(seen[-50:])):.2f}", flush=True)
        if run.step % 500 == 0:
            save()
    save()


if __name__ == "__main__":
    main()
