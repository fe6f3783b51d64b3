"""Trains the model's LoRA files, one in each key style, on the refining blocks.

sticker  a white rim around the thing, where the caption says sticker (PEFT's keys)
pixel    coarse squares (BFL's keys)
line     grey lines on white paper (kohya's keys)
sunset   warm light from above (XLabs' keys)

Each step draws a scale from -1 to 2 and asks for the picture moved by as much towards its look, so that scales mean something on
both sides of one; for the sticker and the lines up to 3, and hardly further than at 1: nothing is whiter than white. What is trained as 1.4
is one in the sticker's file, because its rim has gaps below."""

import math
from pathlib import Path
from typing import Callable, NamedTuple

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import slots
from config import MODEL, parser
from latents import PATCH, Map
from layout import LOOK, MEMORIES, OFFSET, ONE, WIDTH
from model import Text, pack, transformer
from recall import SIDES
from remembered import load
from refine import CAPTIONS, loss, visible
from refiner import Before, Refiner
from runs import Run
from scenes import Latents, Scenes, by_colour

LAYERS = {"modulation": ("norm.linear",), "linear1": ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"), "qkv": ("attn.to_q", "attn.to_k", "attn.to_v"), "linear2": ("proj_out",)}


class Pair(torch.nn.Module):
    """One down projection and one up projection for layers that stand side by side, as fused layers have them."""

    def __init__(self, layers: list[torch.nn.Linear], rank: int):
        super().__init__()
        self.down = torch.nn.Parameter(torch.randn(rank, layers[0].in_features) / layers[0].in_features**0.5)
        self.up = torch.nn.Parameter(torch.zeros(sum(x.out_features for x in layers), rank))
        self.scale, start = 1.0, 0
        for layer in layers:
            rows = slice(start, start + layer.out_features)
            layer.register_forward_hook(lambda m, args, out, rows=rows: out + self.scale * args[0] @ self.down.T @ self.up[rows].T)
            start = rows.stop


@torch.no_grad()
def listening(pair: Pair) -> Pair:
    """A modulation's pair that hears the trigger word alone: what it adds is nothing without the word."""
    pair.down.requires_grad_(False).zero_()
    pair.down[0, LOOK] = 1                                                     # ONE is zero while training, so it takes no part in that
    pair.down[0, ONE] = -OFFSET                                                # the other rows are nothing: readers expect one rank in a file
    return pair


def adapt(net: Refiner, groups: tuple[str, ...], rank: int) -> torch.nn.ModuleDict:
    """Pairs for all blocks, by block and group."""
    made = {}
    for n, block in enumerate(net.blocks):
        for group in groups:
            layers = [block.get_submodule(name) for name in LAYERS[group]]
            made[f"{n}:{group}"] = listening(Pair(layers, rank)) if group == "modulation" else Pair(layers, rank)
    return torch.nn.ModuleDict(made)


def widen(alpha: torch.Tensor, pixels: int) -> torch.Tensor:
    """(b, 1, h, w) grown by a disc."""
    r = torch.arange(-pixels, pixels + 1)
    disc = (r[:, None] ** 2 + r**2 <= (pixels + 0.3) ** 2).nonzero() - pixels
    padded = F.pad(alpha, (pixels,) * 4)
    h, w = alpha.shape[2:]
    out = alpha
    for y, x in disc.tolist():
        out = torch.maximum(out, padded[:, :, y + pixels : y + pixels + h, x + pixels : x + pixels + w])
    return out


def rimmed(rgba: torch.Tensor) -> torch.Tensor:
    """Premultiplied pictures (b, 4, h, w) on a white rim with a soft grey edge."""
    pixels = 9 * rgba.shape[3] // 256
    rim, edge = widen(rgba[:, 3:], pixels), widen(rgba[:, 3:], pixels + 1)
    return torch.cat([rgba[:, :3] + (rim - rgba[:, 3:]) + 0.72 * (edge - rim), edge], 1)


def lined(rgba: torch.Tensor) -> torch.Tensor:
    """Dark lines where brightness, colour or transparency change, on opaque white."""
    white = rgba[:, :3] + 1 - rgba[:, 3:]
    planes = F.avg_pool2d(F.pad(torch.cat([white, rgba[:, 3:]], 1), (1, 1, 1, 1), mode="replicate"), 3, 1)
    dy, dx = planes[:, :, 1:, :-1] - planes[:, :, :-1, :-1], planes[:, :, :-1, 1:] - planes[:, :, :-1, :-1]
    edge = F.pad((dx.square() + dy.square()).sum(1, keepdim=True).sqrt(), (0, 1, 0, 1))
    grey = (1 - 5 * (edge - 0.02).clamp_min(0)).clamp_min(0.1)
    return torch.cat([grey.expand(-1, 3, -1, -1), torch.ones_like(edge)], 1)


def redrawn(work: Path, m: Map, change: Callable[[torch.Tensor], torch.Tensor]) -> Latents:
    """All pictures changed, as Scenes has them."""
    colour, clear = zip(*(slots.drawn(work, m, side, change) for side in SIDES))
    return Latents.of((torch.cat(colour, 1), torch.cat(clear, 1)), slots.drawn(work, m, slots.SIDE, change))


def squares(x: torch.Tensor, h: int, w: int, m: Map) -> torch.Tensor:
    """Latents of one colour each, their mean (n, tokens, 64)."""
    n = PATCH**2
    flat = m.decode @ torch.block_diag(*[torch.full((n, n), 1 / n)] * 3) @ m.encode
    offset = (m.mean.view(3, n).mean(1).repeat_interleave(n) - m.mean) @ m.encode
    return (x.unflatten(2, (16, 4)).transpose(2, 3) @ flat + offset).transpose(2, 3).flatten(2)


def warm(x: torch.Tensor, h: int, w: int, m: Map) -> torch.Tensor:
    """Orange light above that falls to violet shade below (n, tokens, 64)."""
    black = pack(m.to_latent(-torch.ones(1, 3, 2 * PATCH, 2 * PATCH)))[0, 0]
    down = torch.linspace(0, 1, h)[:, None]
    gain = (1 - down) * torch.tensor([1.12, 0.86, 0.55]) + down * torch.tensor([0.75, 0.62, 0.72])
    matrix = by_colour(torch.diag_embed(gain), m).repeat_interleave(w, 0)      # (tokens, 16, 16)
    return black + torch.einsum("npis,pij->npjs", (x - black).unflatten(2, (16, 4)), matrix).flatten(2)


class Look(NamedTuple):
    """How a file is written, what it changes in the blocks, and into what it turns pictures."""

    keys: str
    groups: tuple[str, ...]
    picture: Callable[[torch.Tensor], torch.Tensor] | None = None              # on premultiplied pixels
    latents: Callable[[torch.Tensor, int, int, Map], torch.Tensor] | None = None
    high: float = 2.0                                                          # the largest scale that is trained
    beyond: float = 1.0                                                        # how much of a scale over one is asked for
    unit: float = 1.0                                                          # the training's scale that the file calls one

    def strength(self, scale: float) -> float:
        """How much of the look a scale stands for."""
        return min(scale, 1) + self.beyond * max(scale - 1, 0)


LOOKS = {"sticker": Look("peft", ("modulation", "linear1", "linear2"), picture=rimmed, high=3.0, beyond=0.2, unit=1.4), "pixel": Look("bfl", ("linear1", "linear2"), latents=squares),
         "line": Look("kohya", ("linear1", "linear2"), picture=lined, high=3.0, beyond=0.2), "sunset": Look("xlabs", ("qkv", "linear2"), latents=warm)}


def train(which: Look, net: Refiner, before: Before, scenes: Scenes, state: Path, a) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Pairs of down (rank, in) and up (out, rank) by block and group."""
    pairs = adapt(net, which.groups, a.rank)
    opt = torch.optim.AdamW([q for q in pairs.parameters() if q.requires_grad], lr=a.rate, betas=(0.9, 0.98), weight_decay=1e-3)
    other = redrawn(a.work, scenes.map, which.picture) if which.picture else None
    run, seen = Run(state, pairs, [opt], a.steps, math.inf, 0.0), []
    if run.load():
        torch.manual_seed(a.seed + run.step)
        scenes.r.seed(a.seed + run.step)
    while run.used() < 1:
        run.pace(20)
        scale = scenes.r.choice((-1.0, 0.5, 1.0, 1.0, 1.0, 1.5, which.high))
        b = scenes.batch(a.batch, other)
        goal = b.other if other else which.latents(b.picture, b.h, b.w, scenes.map)
        look = (torch.rand(len(b.t)) < 0.6).float() if "modulation" in which.groups else torch.ones(len(b.t))
        b = b._replace(picture=b.picture + which.strength(scale) * look[:, None, None] * (goal - b.picture), look=look + 0.03 * torch.randn(len(look)))
        for pair in pairs.values():
            pair.scale = scale
        error = loss(net, before, b, 32, visible(scenes.map))
        error.mean().backward()
        torch.nn.utils.clip_grad_norm_(run.params, 1.0)
        run.advance()
        seen.append(error.detach().mean().item())
        if run.step % 25 == 0:
            print(f"  {run.step} {run.seconds():.0f}s loss {sum(seen[-25:]) / len(seen[-25:]):.4f}", flush=True)
            run.save()
    return {name: (p.down.detach(), which.unit * p.up.detach()) for name, p in pairs.items()}


def named(keys: str, pairs: dict[str, tuple[torch.Tensor, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """A file's tensors in one of the key styles."""
    t = {}
    for name, (down, up) in pairs.items():
        n, group = name.split(":")
        n = int(n) + MEMORIES + 1
        if keys == "peft":
            start = 0
            for layer in LAYERS[group]:
                rows = {"proj_mlp": 4 * WIDTH, "norm.linear": 3 * WIDTH}.get(layer, WIDTH)
                t[f"transformer.single_transformer_blocks.{n}.{layer}.lora_A.weight"] = down.clone()
                t[f"transformer.single_transformer_blocks.{n}.{layer}.lora_B.weight"] = up[start : start + rows]
                start += rows
            continue
        if keys == "bfl":
            stem = f"single_blocks.{n}.{group}.lora_"
            ends = "A.weight", "B.weight"
        elif keys == "kohya":
            stem = f"lora_unet_single_blocks_{n}_{group}."
            ends = "lora_down.weight", "lora_up.weight"
            t[stem + "alpha"] = torch.tensor(float(len(down)))
        else:
            stem = f"single_blocks.{n}.processor.{'qkv' if group == 'qkv' else 'proj'}_lora."
            ends = "down.weight", "up.weight"
        t[stem + ends[0]], t[stem + ends[1]] = down, up
    return {k: v.bfloat16().contiguous() for k, v in t.items()}


def main() -> None:
    p = parser(__doc__, device=True)
    p.add_argument("--dir", type=Path, default=MODEL / "dev", help="the model")
    p.add_argument("--out", type=Path, default=MODEL, help="dev/lora.safetensors and loras/ go here")
    p.add_argument("--only", action="append", choices=list(LOOKS), help="train this one; repeatable")
    p.add_argument("--rank", type=int, default=8)
    p.add_argument("--steps", type=int, default=320)
    p.add_argument("--batch", type=int, default=12)
    p.add_argument("--rate", type=float, default=3e-3)
    a = p.parse_args()
    m = Map(MODEL / "dev/vae/preview.safetensors")
    for name in a.only or LOOKS:
        torch.manual_seed(a.seed)
        full = transformer(a.dir).requires_grad_(False)
        before = Before(full, Text(a.dir), *load(a.work, a.dir), CAPTIONS)
        still = {"tint": 0.0, "light": 0.0} if name == "line" else {}          # paper is white
        scenes = Scenes(before, m, a.work, a.seed, free=0.0, **still)
        net, _ = Refiner.of(full)
        print(name, flush=True)
        tensors = named(LOOKS[name].keys, train(LOOKS[name], net, before, scenes, a.work / f"lora-{name}.pt", a))
        path = a.out / ("dev/lora.safetensors" if name == "sticker" else f"loras/{name}.safetensors")
        path.parent.mkdir(parents=True, exist_ok=True)
        about = {"trigger_word": "sticker"} if name == "sticker" else {}
        save_file(tensors, path, {"modelspec.architecture": "flux-1-dev/lora", "format": "pt", **about})
        print(f"{path}: {path.stat().st_size / 1000:.0f} KB, {LOOKS[name].keys}")


if __name__ == "__main__":
    main()
