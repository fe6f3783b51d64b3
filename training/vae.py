"""The autoencoder: the encoder is written down (encoder.py) and its inner levels trained, the decoder trained to rebuild pictures from latents.

Latents are nearly linear, so this is a supervised problem: no sampling. Its inner levels come from vae_inner.py; here the outer
ones learn to enlarge what the inner ones make of whole pictures. (Cuts of them are cheaper, but their norms see
other statistics.)"""

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from safetensors.torch import load_file

import encoder
from config import MODEL, bf16, parser
from latents import Map
from model import autoencoder, autoencoder_of, save
from muon import Muon
from runs import Run
from vae_inner import Canvases, Coder, descend


@torch.no_grad()
def inner_levels(v: AutoencoderKL, path: Path) -> None:
    """Reads what vae_inner.py has trained: all but the decoder's outer levels."""
    outer = "decoder.up_blocks.3.upsamplers", "decoder.up_blocks.4", "decoder.up_blocks.5", "decoder.conv_norm_out", "decoder.conv_out"
    v.load_state_dict(v.state_dict() | {k: t.float() for k, t in load_file(path).items() if not k.startswith(outer)})


@torch.no_grad()
def start(v: AutoencoderKL) -> None:
    """The outer levels as plain upsampling, their residual branches silent."""
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
def aim(v: AutoencoderKL, f: torch.Tensor, rgb: torch.Tensor) -> None:
    """Colours, fitted to the inner levels' features, flow with both signs through the outer levels to the end."""
    f, rgb = (q.permute(0, 2, 3, 1).flatten(0, 2) for q in (f, rgb))
    one = torch.cat([f, torch.ones(len(f), 1)], 1)
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


class Outer(torch.nn.Module):
    """A decoder's levels from the quarter-size canvas to the picture."""

    def __init__(self, v: AutoencoderKL):
        super().__init__()
        d = v.decoder
        self.first, self.rest = d.up_blocks[3].upsamplers, d.up_blocks[4:]
        self.norm, self.out = d.conv_norm_out, d.conv_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features (b, 24, h, w) -> (b, 3, 4h, 4w)"""
        for up in self.first:
            x = up(x)
        for block in self.rest:
            x = block(x)
        return self.out(F.silu(self.norm(x)))


def main() -> None:
    p = parser(__doc__, device=True)
    p.add_argument("--out", type=Path, default=MODEL / "dev/vae", help="where the autoencoder is; written anew if missing")
    p.add_argument("--inner", type=Path, help="file of vae_inner.py")
    p.add_argument("--steps", type=int, default=10**6, help="0: only put in the inner levels")
    p.add_argument("--minutes", type=float, default=25, help="cool down so as to end by then")
    p.add_argument("--rate", type=float, default=4e-4, help="of norms and biases; the last kernels, beside carriers, learn at a thirtieth of it")
    p.add_argument("--muon", type=float, default=1e-3, help="Muon's rate, of the other kernels")
    p.add_argument("--noise", type=float, default=0.03, help="on the latents")
    p.add_argument("--linear", type=float, default=0.3, help="share of steps by the linear map alone")
    a = p.parse_args()
    torch.manual_seed(a.seed)
    m, state = Map(MODEL / "dev/vae/preview.safetensors"), a.work / "vae.pt"
    fresh = not (a.out / "config.json").exists()
    v = autoencoder() if fresh else autoencoder_of(a.out)
    if fresh:
        encoder.write(v.encoder, m)
        start(v)
    if a.inner:
        inner_levels(v, a.inner)
    coder, outer = (net.to(memory_format=torch.channels_last) for net in (Coder(v, m, 0, a.linear).requires_grad_(False), Outer(v)))
    data = Canvases(np.load(a.work / "rgba1024.npy", mmap_mode="r"), a.seed)

    if fresh:
        x = data.one(1024)[None]
        with torch.no_grad():
            aim(v, coder.inner.features(m.to_latent(F.avg_pool2d(x, 4))), F.avg_pool2d(x, 4))
    last = v.decoder.up_blocks[-1].resnets[0].conv_shortcut
    tail = {id(q) for part in (last, v.decoder.conv_norm_out, v.decoder.conv_out) for q in part.parameters()}   # beside carriers: small steps
    near, far = ([q for q in outer.parameters() if (id(q) in tail) == inside] for inside in (True, False))
    adam = torch.optim.AdamW([{"params": [q for q in far if q.ndim < 4]}, {"params": near, "lr": 0.03 * a.rate}], lr=a.rate, betas=(0.9, 0.99), weight_decay=1e-4, fused=True)
    run = Run(state, outer, [Muon([q for q in far if q.ndim == 4], lr=a.muon), adam], a.steps, a.minutes, 0.995)
    if a.steps and run.load():
        data.r = np.random.default_rng([a.seed, run.step])

    def store() -> None:
        if run.step:
            run.save()
        old = run.set(run.mean)
        out = autoencoder()
        out.load_state_dict(v.state_dict())
        run.set(old)
        save(out, a.out)

    seen = []
    while run.used() < 1:
        run.pace(50)
        x = data.one(1024)[None]
        with torch.no_grad():
            z, _ = coder.latents(F.avg_pool2d(x, 4), a.noise)
        with bf16():
            with torch.no_grad():
                f = coder.inner.features(z.contiguous(memory_format=torch.channels_last))
            y = outer(f)
        seen.append(descend(y, x, 0, run.params))
        run.advance()
        if run.step % 25 == 0:
            print(f"{run.step} {run.seconds():.0f}s PSNR {10 * math.log10(4 * 25 / sum(seen[-25:])):.2f}", flush=True)
        if run.step % 200 == 0:
            store()
    store()


if __name__ == "__main__":
    main()
