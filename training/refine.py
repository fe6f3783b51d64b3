"""Trains the refining blocks by flow matching: from what is remembered and a noisy latent to the picture.

Only these blocks run (refiner.py); what the ones before them give is computed from codes. Resumable at any step."""

import copy
import math
import os
import time
from pathlib import Path

import torch

from config import MODEL, parser
from latents import Map
from layout import MEMORIES, PICTURE
from model import Text, positions, transformer
from muon import Muon, resume
from remembered import load
from refiner import Before, Refiner, fold, offsets, unfold
from scenes import Batch, Scenes

CAPTIONS = ["3d emoji of dog on a blue background", "flat emoji of pizza", "a cartoon icon of rocket", "", "owl, 3d style, mint background",
            "an emoji of a red heart", "cartoon emoji of tiger face on a yellow background", "a grinning face"]


def loss(net: Refiner, before: Before, b: Batch, words: int, seen: torch.Tensor) -> torch.Tensor:
    """Mean square error of the velocity, for each picture (n). seen: what an error costs in pixels, for each of a token's 64 numbers."""
    n, t = len(b.t), b.t[:, None, None]
    noise = torch.randn_like(b.picture)
    x = (1 - t) * b.picture + t * noise
    hidden, vec = before.hidden(b.h, b.w, x, b.recalled, b.back), before.said(b.code, b.back, b.t, b.guidance, b.look)
    hidden[..., PICTURE : PICTURE + 64] += 0.04 * torch.randn_like(x)          # the written blocks are as far off as that
    text = before.words.flatten(0, 1)
    text = text[torch.randint(len(text), (n, words))]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = net(hidden, text, vec, positions(b.h, b.w))
    return ((before.velocity(hidden, vec) - (noise - b.picture)).square() @ seen / len(seen)).mean(1)


def visible(m: Map) -> torch.Tensor:
    """How much of a picture's pixels hangs on each of a token's numbers, one on average (64)."""
    w = m.decode.square().sum(1)
    return (w / w.mean()).repeat_interleave(4)


def optimisers(net: Refiner, rate: float) -> list[torch.optim.Optimizer]:
    hidden = [p for n, p in net.named_parameters() if p.ndim == 2 and ".norm.linear" not in n]
    known = {id(p) for p in hidden}
    rest = [p for p in net.parameters() if id(p) not in known]
    return [Muon(hidden, lr=rate, weight_decay=0.01), torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True)]


@torch.no_grad()
def store(full: torch.nn.Module, net: Refiner, values: list[torch.Tensor]) -> None:
    """Averaged values into the model's blocks, as the model reads them."""
    for q, v in zip(net.parameters(), values):
        q.copy_(v)
    for block in full.single_transformer_blocks[MEMORIES + 1 :]:
        own = copy.deepcopy(block.norm.linear)
        fold(block.norm.linear, own, offsets(full))


def main() -> None:
    p = parser(__doc__)
    p.add_argument("--dir", type=Path, default=MODEL / "dev", help="the model to start from")
    p.add_argument("--out", type=Path, help="where the transformer is written; --dir if missing")
    p.add_argument("--steps", type=int, default=10**6, help="0: only write what the checkpoint holds")
    p.add_argument("--minutes", type=float, default=80, help="cool down so as to end by then")
    p.add_argument("--batch", type=int, default=16, help="square pictures in a step")
    p.add_argument("--rate", type=float, default=3e-3)
    p.add_argument("--other-rate", type=float, default=0.4, help="the rate of modulations and biases (AdamW), relative")
    p.add_argument("--words", type=int, default=32, help="text tokens in a step")
    a = p.parse_args()
    a.out = a.out or a.dir
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    full, text, m, state = transformer(a.dir), Text(a.dir), Map(MODEL / "dev/vae/preview.safetensors"), a.work / "refine.pt"
    full.requires_grad_(False)
    before = Before(full, text, *load(a.work), CAPTIONS)
    scenes = Scenes(before, m, a.work, a.seed)
    net = Refiner(full.single_transformer_blocks[MEMORIES + 1 :])
    for b in net.blocks:
        unfold(b.norm.linear, offsets(full))
    for q in net.parameters():
        q.requires_grad_(True)
    params, opts, step, spent = list(net.parameters()), optimisers(net, a.rate), 0, 0.0
    mean = [q.detach().clone() for q in params]
    if state.exists():
        s = torch.load(state, weights_only=True)
        net.load_state_dict(s["net"])
        for o, q in zip(opts, s["optimisers"]):
            resume(o, q)
        mean, step, spent = s["mean"], s["step"], s["spent"]
        torch.manual_seed(a.seed + step)
        scenes.r.seed(a.seed + step)
    began = saved = time.time()

    def save() -> None:
        torch.save({"net": net.state_dict(), "optimisers": [o.state_dict() for o in opts], "mean": mean, "step": step, "spent": spent + time.time() - began}, state.with_suffix(".tmp"))
        os.replace(state.with_suffix(".tmp"), state)

    seen = []
    while step < a.steps:
        used = max(step / a.steps, (spent + time.time() - began) / 60 / a.minutes)
        if used >= 1:
            break
        rate = a.rate * min(1, (step + 1) / 100) * (0.01 + 0.99 * math.cos(math.pi / 2 * used) ** 2)
        for o, share in zip(opts, (1, a.other_rate)):
            for g in o.param_groups:
                g["lr"] = rate * share
        b = scenes.batch(a.batch)
        error = loss(net, before, b, a.words, visible(m))
        (error / (error.detach() + 0.3)).mean().backward()                       # pictures that surprise most would drown the others
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        for o in opts:
            o.step()
            o.zero_grad(set_to_none=True)
        step += 1
        with torch.no_grad():
            torch._foreach_lerp_(mean, params, 1 - min(0.998, step / (step + 10)))
        seen.append(torch.stack([error.detach().mean(), *(error.detach()[(b.t >= low) & (b.t < low + 0.34)].mean() for low in (0, 0.33, 0.67))]))
        if step % 25 == 0:
            print(f"{step} {spent + time.time() - began:.0f}s loss {' '.join(f'{v:.4f}' for v in torch.stack(seen[-25:]).nanmean(0).tolist())}", flush=True)
        if time.time() - saved > 180:
            save()
            saved = time.time()
    if seen:
        save()
    store(full, net, mean)
    full.to(torch.bfloat16).save_pretrained(a.out / "transformer")


if __name__ == "__main__":
    main()
