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
from muon import Muon, resume
from recall import SIDES, load

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
    for block, soft in zip(v.decoder.up_blocks[3:5], (0.0, 0.2)):              # tried: 0, 0.1, 0.2 for each
        smooth = torch.tensor([soft, 1 - 2 * soft, soft])
        kernel = smooth[:, None] * smooth
        conv = block.upsamplers[0].conv
        conv.weight.zero_(), conv.bias.zero_()
        for c in range(conv.weight.shape[0]):
            conv.weight[c, c] = kernel
    for block in v.decoder.up_blocks[4:]:
        for resnet in block.resnets:
            resnet.conv2.weight.zero_(), resnet.conv2.bias.zero_()


@torch.no_grad()
def aim(v: AutoencoderKL, scenes: "Scenes") -> None:
    """Colours, fitted to the inner levels' features, flow with both signs through the outer levels to the end."""
    x, z = scenes.batch(6, 512, 0)
    seen = []
    hook = v.decoder.up_blocks[3].resnets[-1].register_forward_hook(lambda m, i, o: seen.append(o))
    v.decoder(z)
    hook.remove()
    f = seen[0].permute(0, 2, 3, 1).flatten(0, 2)
    one = torch.cat([f, torch.ones(len(f), 1)], 1)
    rgb = F.avg_pool2d(x, 4).permute(0, 2, 3, 1).flatten(0, 2)
    solved = torch.linalg.lstsq(one, rgb).solution
    print(f"colours from features: {10 * torch.log10(4 / F.mse_loss(one @ solved, rgb)):.1f} dB")
    first, second = (v.decoder.up_blocks[i].resnets[0].conv_shortcut for i in (4, 5))
    first.weight[:3, :, 0, 0], first.bias[:3] = solved[:-1].T, solved[-1]
    # The last norm's groups are (r, g, 0, K) and (b, 0, K, -K): the carrier K fixes the deviation, the channel
    # without content takes the mean away again, and silu is linear beyond 8. So the way to the end is exact.
    big, norm = 64.0, v.decoder.conv_norm_out
    for p in (second.weight, second.bias, v.decoder.conv_out.weight, v.decoder.conv_out.bias, norm.weight, norm.bias):
        p.zero_()
    for c, channel, blank in ((0, 0, 2), (1, 1, 2), (2, 4, 5)):
        second.weight[channel, c] = 1
        v.decoder.conv_out.weight[c, channel, 1, 1] = 1
        v.decoder.conv_out.weight[c, blank, 1, 1] = -1
    second.bias[3], second.bias[6], second.bias[7] = big, big, -big
    norm.weight[:3], norm.bias[:3] = big * (3 / 16) ** 0.5, big / 4 + 8
    norm.weight[4:6], norm.bias[4:6] = big * 0.5**0.5, 8


class Scenes:
    """Random crops of random 1024-pixel scenes, and the latents of their neighbourhood."""

    def __init__(self, rgba: np.ndarray, m: Map, seed: int, work: Path, every: int):
        self.rgba, self.map, self.r = rgba, m, np.random.default_rng(seed)
        self.memory, self.targets = load(work) if (work / "recall.pt").exists() else (None, None)
        self.every = every

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

    def remembered(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """A crop with the latents that its code stands for, so that the decoder learns to mend what codes leave out."""
        r = self.r
        style, i = int(r.integers(self.rgba.shape[0])), int(r.integers(self.rgba.shape[1]))
        y, x = (int(r.integers(0, (1024 - size) // 32 + 1)) for _ in range(2))
        code = self.memory.codes().unflatten(0, self.targets.shape)[style, i * self.every]
        back = torch.from_numpy(np.float32(np.ones(3) if r.random() < 0.45 else r.random(3)))
        cut = slice(None), slice(y, y + size // 32), slice(x, x + size // 32)
        z = self.targets.latents(self.memory.everywhere(code[None])[: SIDES[0] ** 2], back[None])[0][cut]
        a = torch.from_numpy(np.array(self.rgba[style, i, y * 32 : y * 32 + size, x * 32 : x * 32 + size])).permute(2, 0, 1).float() / 255
        return (a[:3] + (1 - a[3:]) * back[:, None, None]) * 2 - 1, z

    def batch(self, n: int, size: int, remembered: float) -> tuple[torch.Tensor, torch.Tensor]:
        """n crops (n, 3, size, size) and latents; the first part of them with remembered latents."""
        m = round(n * remembered) if self.memory else 0
        pairs = [self.remembered(size) for _ in range(m)]
        x = torch.stack([self.crop(size) for _ in range(n - m)])
        z = self.map.to_latent(F.avg_pool2d(x, 4))
        if pairs:
            x, z = torch.cat([torch.stack([p[0] for p in pairs]), x]), torch.cat([torch.stack([p[1] for p in pairs]), z])
        return x, z


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
    p.add_argument("--rate", type=float, default=5e-4, help="four times that undid in a hundred steps what was learnt")
    p.add_argument("--noise", type=float, default=0.03, help="noise on the latents")
    p.add_argument("--remembered", type=float, default=0.4, help="share of crops whose latents come from codes")
    p.add_argument("--check", type=int, default=6, help="held-out pictures to measure")
    p.add_argument("--hold", type=int, default=60, help="steps for which the inner levels rest")
    p.add_argument("--every", type=int, default=3, help="as given to data.py for rgba1024")
    p.add_argument("--minutes", type=float, default=1e9, help="cool down so as to end by then")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    m, state = Map(MODEL / "dev/vae/preview.safetensors"), a.work / "vae.pt"
    if a.inner or not (a.out / "config.json").exists():
        v = build()
        start(v, a.inner)
        encoder.write(v.encoder, m)
    else:
        v = AutoencoderKL.from_pretrained(a.out, torch_dtype=torch.float32)
    step, params = 0, list(v.decoder.parameters())
    deep = {id(q) for part in (v.decoder.conv_in, v.decoder.mid_block, *v.decoder.up_blocks[:4]) for q in part.parameters()}
    last = v.decoder.up_blocks[-1].resnets[0].conv_shortcut
    tail = {id(q) for part in (last, v.decoder.conv_norm_out, v.decoder.conv_out) for q in part.parameters()}   # beside carriers: small steps
    groups = [[q for q in params if id(q) not in deep | tail], [q for q in params if id(q) in deep], [q for q in params if id(q) in tail]]
    fits = lambda q: q.ndim == 4 and min(q.shape[:2]) >= 16                    # Muon orthogonalises these
    muon = Muon([q for g in groups[:2] for q in g if fits(q)], lr=a.rate)
    opt = torch.optim.AdamW([{"params": [q for q in g if not fits(q)]} for g in groups], lr=a.rate, betas=(0.9, 0.99), weight_decay=1e-4, fused=True)
    mean = [q.detach().clone() for q in params]
    if state.exists() and a.steps:
        s = torch.load(state, weights_only=True)
        v.load_state_dict(s["vae"])
        for o, q in zip((opt, muon), s["optimisers"]):
            resume(o, q)
        mean, step = s["mean"], s["step"]

    def save() -> None:
        if a.steps:
            torch.save({"vae": v.state_dict(), "optimisers": [opt.state_dict(), muon.state_dict()], "mean": mean, "step": step}, state.with_suffix(".tmp"))
            os.replace(state.with_suffix(".tmp"), state)
        out = build()
        out.load_state_dict(v.state_dict())
        with torch.no_grad():
            for q, e in zip(out.decoder.parameters(), mean):
                q.copy_(e)
        out.to(torch.bfloat16).save_pretrained(a.out)

    began, seen = time.time(), []
    if (a.work / "rgba1024.npy").exists():
        scenes = Scenes(np.load(a.work / "rgba1024.npy", mmap_mode="r"), m, a.seed + step, a.work, a.every)
        if step == 0 and a.inner:
            aim(v, scenes)
            mean = [q.detach().clone() for q in v.decoder.parameters()]
            save()
        held = np.load(a.work / "heldout1024.npy", mmap_mode="r")
        if a.steps == 0:
            print(f"held-out {check(v, held, a.check):.2f} dB")
    while step < a.steps:
        used = max(step / a.steps, (time.time() - began) / 60 / a.minutes)
        if used >= 1:
            break
        for g, begin, share in zip(opt.param_groups, (0, a.hold, 0), (1, 0.7, 0.03)):   # the inner levels wait for the outer ones
            g["lr"] = a.rate * share * min(1, max(0.0, (step + 1 - begin) / 30)) * min(1, max(0.01, 2 * (1 - used)))
        muon.param_groups[0]["lr"] = opt.param_groups[0]["lr"]
        x, z = scenes.batch(a.batch, a.crop, a.remembered)
        z = z + a.noise * torch.randn_like(z)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = v.decoder(z)
        d = y.float() - x
        error = d.square().mean((1, 2, 3))
        loss = 4 * error.mean() + (error + 1e-4).log().mean() / 20 + F.avg_pool2d(d, 8).square().mean() + d.abs().mean() / 4
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        for o in (opt, muon):
            o.step()
            o.zero_grad(set_to_none=True)
        step += 1
        with torch.no_grad():
            torch._foreach_lerp_(mean, params, 1 - min(0.995, step / (step + 10)))
        m = round(a.batch * a.remembered)
        seen.append((d[m:].square().mean().item(), d[:m].square().mean().item()))
        if step % 20 == 0:
            true, recalled = (10 * math.log10(4 * 20 / sum(s[i] for s in seen[-20:])) for i in (0, 1))
            print(f"{step} {time.time() - began:.0f}s PSNR on crops {true:.2f}, as remembered {recalled:.2f}", flush=True)
        if step % 60 == 0:
            save()
        if step % 300 == 0:
            print(f"held-out {check(AutoencoderKL.from_pretrained(a.out, torch_dtype=torch.float32), held, 3):.2f} dB", flush=True)
    save()


if __name__ == "__main__":
    main()
