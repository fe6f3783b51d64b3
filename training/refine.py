"""Trains the refining blocks by flow matching: from what is remembered and a noisy latent to the picture.

Only these blocks run (refiner.py); what the ones before them give is computed from codes. Resumable at any step."""

import copy
import time
from pathlib import Path

import torch

from config import MODEL, bf16, parser
from latents import Map
from layout import CODE, MEMORIES, PICTURE, REFINERS
from model import Text, positions, save, transformer
from muon import Muon, others
from remembered import load
from refiner import Before, Refiner, fold, offsets, sizes, unfold
from runs import Run
from scenes import Batch, Scenes

CAPTIONS = ["3d emoji of dog on a blue background", "flat emoji of pizza", "a cartoon icon of rocket", "", "owl, 3d style, mint background",
            "an emoji of a red heart", "cartoon emoji of tiger face on a yellow background", "a grinning face"]


def loss(net: Refiner, before: Before, b: Batch, words: int, seen: torch.Tensor) -> torch.Tensor:
    """Mean square error of the velocity, for each picture (n). seen: what an error costs in pixels, for each of a token's 64 numbers."""
    n, t = len(b.t), b.t[:, None, None]
    noise = torch.randn_like(b.picture)
    x = (1 - t) * b.picture + t * noise
    off = 0.04 * torch.randn_like(x)                                           # the written blocks are as far off as that
    return ((velocity(net, before, b, x, b.t, before.some_words(n, words), off) - (noise - b.picture)).square() @ seen / len(seen)).mean(1)


def velocity(net: Refiner, before: Before, b: Batch, x: torch.Tensor, t: torch.Tensor, words: torch.Tensor, off: torch.Tensor | float = 0.0) -> torch.Tensor:
    """What the blocks make of noisy latents x at times t (n), beside a remembered picture that is off by so much."""
    hidden, vec = before.hidden(b.h, b.w, x, b.recalled, b.back), before.said(b.code, b.back, t, b.guidance, b.look, b.count)
    hidden[..., PICTURE : PICTURE + 64] += off
    with bf16():
        hidden = net(hidden, words, vec, positions(b.h, b.w))
    return before.velocity(hidden, vec)


def visible(m: Map) -> torch.Tensor:
    """How much of a picture's pixels hangs on each of a token's numbers, one on average (64)."""
    w = m.decode.square().sum(1)
    return (w / w.mean()).repeat_interleave(4)


def optimisers(net: Refiner, rate: float, other: float) -> list[torch.optim.Optimizer]:
    hidden = [p for n, p in net.named_parameters() if p.ndim == 2 and ".norm.linear" not in n]
    return [Muon(hidden, lr=rate, weight_decay=0.01), torch.optim.AdamW(others(net, hidden), lr=rate * other, betas=(0.9, 0.98), weight_decay=0.0, fused=True)]


@torch.no_grad()
def store(full: torch.nn.Module, off: torch.Tensor) -> None:
    """The trained blocks' modulations as the model reads them."""
    for block in full.single_transformer_blocks[MEMORIES + 1 :]:
        fold(block.norm.linear, copy.deepcopy(block.norm.linear), off)


@torch.no_grad()
def take(net: Refiner, other: torch.nn.Module, size: torch.Tensor) -> None:
    """The last blocks of another model, in whose vec codes are as large as here."""
    off, ratio = offsets(other), size / sizes(other)
    for own, block in zip(net.blocks, other.single_transformer_blocks[-REFINERS:]):
        unfold(block.norm.linear, off)
        block.norm.linear.weight[:, :CODE] *= ratio
        own.load_state_dict(block.state_dict())


def main() -> None:
    p = parser(__doc__, device=True)
    p.add_argument("--dir", type=Path, default=MODEL / "dev", help="the model to start from")
    p.add_argument("--out", type=Path, help="where the transformer is written; --dir if missing")
    p.add_argument("--like", type=Path, help="start with the last blocks of this model, whatever it remembers")
    p.add_argument("--steps", type=int, default=10**6, help="0: only write what the checkpoint holds")
    p.add_argument("--minutes", type=float, default=62, help="cool down so as to end by then")
    p.add_argument("--batch", type=int, default=16, help="square pictures in a step")
    p.add_argument("--rate", type=float, default=1.2e-3)
    p.add_argument("--other-rate", type=float, default=0.5, help="the rate of modulations and biases (AdamW), relative")
    p.add_argument("--several", type=float, default=0.3, help="share of batches of two or three things")
    p.add_argument("--words", type=int, default=32, help="text tokens in a step")
    a = p.parse_args()
    a.out = a.out or a.dir
    torch.manual_seed(a.seed)
    full, text, m, state = transformer(a.dir), Text(a.dir), Map(MODEL / "dev/vae/preview.safetensors"), a.work / "refine.pt"
    full.requires_grad_(False)
    before = Before(full, text, *load(a.work, a.dir), CAPTIONS)
    scenes = Scenes(before, m, a.work, a.seed, several=a.several)
    net, off = Refiner.of(full)
    if a.like:
        take(net, transformer(a.like), before.size)
    net.requires_grad_(True)
    opts, seen, cost = optimisers(net, a.rate, a.other_rate), [], visible(m)
    run = Run(state, net, opts, a.steps, a.minutes, 0.998)
    if run.load():
        torch.manual_seed(a.seed + run.step)
        scenes.r.seed(a.seed + run.step)
    saved = time.time()
    while run.used() < 1:
        run.pace(100)
        b = scenes.batch(a.batch)
        error = loss(net, before, b, a.words, cost)
        (error / (error.detach() + 0.3)).mean().backward()                       # pictures that surprise most would drown the others
        torch.nn.utils.clip_grad_norm_(run.params, 1.0)
        run.advance()
        seen.append(torch.stack([error.detach().mean(), *(error.detach()[(b.t >= low) & (b.t < low + 0.34)].mean() for low in (0, 0.33, 0.67))]))
        if run.step % 25 == 0:
            print(f"{run.step} {run.seconds():.0f}s loss {' '.join(f'{v:.4f}' for v in torch.stack(seen[-25:]).nanmean(0).tolist())}", flush=True)
        if time.time() - saved > 180:
            run.save()
            saved = time.time()
    if seen:
        run.save()
    run.set(run.mean)
    store(full, off)
    save(full, a.out / "transformer")


if __name__ == "__main__":
    main()
