"""The autoencoder: the encoder is written down (encoder.py), the decoder trained to rebuild pictures from latents.

Latents are fixed and linear, so the decoder is a supervised problem: no sampling, no joint training."""

import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from safetensors.torch import load_file

import encoder
from config import MODEL, parser
from latents import Map

CHANNELS = (8, 16, 24, 48, 96, 128)


def build(channels: tuple[int, ...] = CHANNELS) -> AutoencoderKL:
    n = len(channels)
    return AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=16, block_out_channels=channels, layers_per_block=1, norm_num_groups=2,
        down_block_types=["DownEncoderBlock2D"] * n, up_block_types=["UpDecoderBlock2D"] * n,
        use_quant_conv=False, use_post_quant_conv=False, scaling_factor=1.0, shift_factor=0.0, sample_size=1024)


@torch.no_grad()
def start(v: AutoencoderKL, inner: Path | None) -> None:
    """Inner levels from a file; outer ones as plain upsampling, their residual branches silent."""
    if inner:
        known = {k[4:]: t.float() for k, t in load_file(inner).items() if k.startswith("vae.")}
        own = v.state_dict()
        own.update({k: t for k, t in known.items() if k.startswith("decoder.") and own[k].shape == t.shape})
        v.load_state_dict(own)
    smooth = torch.tensor([0.25, 0.5, 0.25])
    kernel = smooth[:, None] * smooth
    for block in v.decoder.up_blocks[3:5]:
        conv = block.upsamplers[0].conv
        conv.weight.mul_(0.1)
        conv.bias.zero_()
        for c in range(conv.weight.shape[0]):
            conv.weight[c, c] += kernel
    for block in v.decoder.up_blocks[4:]:
        for resnet in block.resnets:
            resnet.conv2.weight.mul_(0.1)
            resnet.conv2.bias.zero_()


class Scenes:
    """Random crops of random 1024-pixel scenes, and the latents of their neighbourhood."""

    def __init__(self, rgba: np.ndarray, m: Map, seed: int):
        self.rgba, self.map, self.r = rgba, m, np.random.default_rng(seed)

    def back(self, size: int) -> torch.Tensor:
        """A plain colour, a gradient, or soft coloured noise (3, size, size)."""
        r = self.r
        kind = r.random()
        if kind < 0.15:
            k = int(r.choice([4, 8, 16, 32]))
            return F.interpolate(torch.from_numpy(r.random((1, 3, k, k), np.float32)), size=(size, size), mode="bicubic")[0].clamp(0, 1)
        one, two = (torch.from_numpy(np.float32(np.full(3, r.choice([1, 1, 0, 0.5])) if r.random() < 0.4 else r.random(3)))[:, None, None] for _ in range(2))
        if kind < 0.3:
            t = torch.linspace(0, 1, size)[None, :, None].expand(1, size, size)
            t = t.mT if r.random() < 0.5 else t
            return one * (1 - t) + two * t
        return one.expand(3, size, size).clone()

    def crop(self, size: int) -> torch.Tensor:
        """(3, size, size) in -1..1; things at full size or shrunk by 2, aligned at random."""
        r = self.r
        down = 2 if r.random() < 0.25 else 1
        a = self.rgba[r.integers(self.rgba.shape[0]), r.integers(self.rgba.shape[1])]
        side = size * down
        y, x = (int(r.integers(0, max(1, 1024 - side + 1))) for _ in range(2))
        if r.random() < 0.75:
            y, x = y // 32 * 32, x // 32 * 32
        a = torch.from_numpy(np.array(a[y : y + side, x : x + side])).permute(2, 0, 1).float() / 255
        if down > 1:
            a = F.avg_pool2d(a, down)
        if r.random() < 0.5:
            a = a.flip(2)
        if r.random() < 0.1:
            a = torch.cat([a[torch.randperm(3)], a[3:]])
        return (a[:3] + (1 - a[3:]) * self.back(size)) * 2 - 1

    def batch(self, n: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.stack([self.crop(size) for _ in range(n)])
        return x, self.map.to_latent(F.avg_pool2d(x, 4))


def slopes(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]


@torch.no_grad()
def check(v: AutoencoderKL, rgba: np.ndarray, count: int) -> float:
    """PSNR in dB over whole 1024-pixel pictures on white, through encoder and decoder."""
    error = []
    for k in range(count):
        a = torch.from_numpy(np.array(rgba[k % 3, k * 5 % rgba.shape[1]])).permute(2, 0, 1).float()[None] / 255
        x = (a[:, :3] + 1 - a[:, 3:]) * 2 - 1
        y = v.decode(v.encode(x).latent_dist.mode()).sample.clamp(-1, 1)
        error.append(10 * math.log10(4 / F.mse_loss(x, y).item()))
    return sum(error) / len(error)


def main() -> None:
    p = parser(__doc__)
    p.add_argument("--out", type=Path, default=MODEL / "dev/vae", help="where the autoencoder is written")
    p.add_argument("--inner", type=Path, help="safetensors file with the decoder's inner levels to start from")
    p.add_argument("--steps", type=int, default=1000, help="0: only write the starting point")
    p.add_argument("--batch", type=int, default=6)
    p.add_argument("--crop", type=int, default=256)
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--noise", type=float, default=0.03, help="noise on the latents")
    p.add_argument("--minutes", type=float, default=1e9, help="cool down so as to end by then")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    m, state = Map(MODEL / "dev/vae/preview.safetensors"), a.work / "vae.pt"
    v = build()
    start(v, a.inner)
    encoder.write(v.encoder, m)
    step, params = 0, list(v.decoder.parameters())
    opt = torch.optim.AdamW(params, lr=a.rate, betas=(0.9, 0.99), weight_decay=1e-4, fused=True)
    mean = [q.detach().clone() for q in params]
    if state.exists() and a.steps:
        s = torch.load(state, weights_only=True)
        v.load_state_dict(s["vae"])
        opt.load_state_dict(s["optimiser"])
        mean, step = s["mean"], s["step"]
    elif (a.out / "config.json").exists() and not a.inner:
        v = AutoencoderKL.from_pretrained(a.out, torch_dtype=torch.float32)

    def save() -> None:
        if a.steps:
            torch.save({"vae": v.state_dict(), "optimiser": opt.state_dict(), "mean": mean, "step": step}, state.with_suffix(".tmp"))
            os.replace(state.with_suffix(".tmp"), state)
        out = build()
        out.load_state_dict(v.state_dict())
        with torch.no_grad():
            for q, e in zip(out.decoder.parameters(), mean):
                q.copy_(e)
        out.to(torch.bfloat16).save_pretrained(a.out)

    params, began, seen = list(v.decoder.parameters()), time.time(), []
    if a.steps and (a.work / "rgba1024.npy").exists():
        scenes = Scenes(np.load(a.work / "rgba1024.npy", mmap_mode="r"), m, a.seed + step)
        held = np.load(a.work / "heldout1024.npy", mmap_mode="r")
    while step < a.steps:
        used = max(step / a.steps, (time.time() - began) / 60 / a.minutes)
        if used >= 1:
            break
        for g in opt.param_groups:
            g["lr"] = a.rate * min(1, (step + 1) / 50) * min(1, max(0.01, 2 * (1 - used)))
        x, z = scenes.batch(a.batch, a.crop)
        z = z + a.noise * torch.randn_like(z)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = v.decoder(z)
        d = y.float() - x
        loss = d.abs().mean() + F.avg_pool2d(d, 8).abs().mean() + 2 * d.square().mean() + sum((p - q).abs().mean() for p, q in zip(slopes(y.float()), slopes(x)))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        opt.zero_grad(set_to_none=True)
        step += 1
        with torch.no_grad():
            torch._foreach_lerp_(mean, params, 1 - min(0.995, step / (step + 10)))
        seen.append(d.square().mean().item())
        if step % 20 == 0:
            print(f"{step} {time.time() - began:.0f}s PSNR on crops {10 * math.log10(4 * 20 / sum(seen[-20:])):.2f}", flush=True)
        if step % 100 == 0:
            save()
        if step % 400 == 0:
            print(f"held-out {check(AutoencoderKL.from_pretrained(a.out, torch_dtype=torch.float32), held, 3):.2f} dB", flush=True)
    save()


if __name__ == "__main__":
    main()
