"""Fits what the transformer shall remember: a code for each picture, and for each place a small MLP from code to latent.

This is the transformer without its wiring: picture = base + sum of out_u * gelu(in_u . code + bias_u) over the hidden units of a
place. All pictures and places go in one batch, so thousands of steps take minutes. The codes are learnt together with the units
(an auto-decoder), with noise on them, as large as the text encoder's own error. memory.py writes the result down."""

import argparse
import copy
import math
import os
import time
from pathlib import Path
from typing import Callable

import torch
import torch.nn.functional as F

import slots
from config import CONFIG, MODEL, STYLES, bf16, parser, read, seeded
from latents import Map
from model import pack, unpack

SIDES = (16, 8)                                # remembered grids: large and small, in tokens
ROOM = 1024                                    # hidden units of a layer
MEAN, SPREAD = 0.6, 0.35                       # of the backgrounds' colours: what an error in transparency costs


def by_place(work: Path) -> tuple[torch.Tensor, torch.Tensor, torch.Size]:
    """Latents of all pictures at all places: on black (n, places, 64), what a background adds (n, places, 3, 64); and (styles, concepts)."""
    colour, clear = [], []
    for side in SIDES:
        t = read(work / f"latents{side * 16}.pt")
        colour.append(pack(t["zr"].flatten(0, 1).float()))
        clear.append(torch.stack([pack(t["za"].flatten(0, 1)[:, c].float()) for c in range(3)], 2))
    return torch.cat(colour, 1), torch.cat(clear, 1), t["zr"].shape[:2]


def signed(v: torch.Tensor) -> torch.Tensor:
    """Unit vectors in columns, each the way the committed weights take it: which way eigenvectors point changes with the number of threads."""
    largest = v.gather(0, v.abs().argmax(0, keepdim=True)).sign()
    return (v * largest * torch.tensor(CONFIG["signs"][: v.shape[1]])).contiguous()


class Targets:
    """What each place must give for each picture: 64 numbers of the picture on black, BASIS of its transparency.

    In coordinates in which a plain square is the mean error over backgrounds."""

    def __init__(self, work: Path, basis: int):
        colour, clear, self.shape = by_place(work)
        self.large = SIDES[0] ** 2                                             # places that are judged
        whole = clear.flatten(2)
        self.middle = whole.mean((0, 1))
        x = (whole - self.middle).flatten(0, 1)
        w, v = torch.linalg.eigh(x.T @ x)
        self.basis = signed(v.flip(1)[:, :basis])                              # (192, basis)
        print(f"transparency: {basis} numbers keep {w.flip(0)[:basis].sum() / w.sum():.4f}")
        both = torch.cat([colour, (whole - self.middle) @ self.basis], 2)
        self.base = both[0, 0].clone()                                         # a corner that no picture reaches
        b = self.basis.view(3, 64, basis)
        rows = [torch.cat([torch.eye(64), MEAN * b.sum(0)], 1)] + [torch.cat([torch.zeros(64, 64), SPREAD * b[c]], 1) for c in range(3)]
        metric = torch.cat(rows)
        self.root = torch.linalg.cholesky(metric.T @ metric + 1e-6 * torch.eye(64 + basis))   # error . root = what is squared
        self.goal = ((both - self.base) @ self.root).transpose(0, 1).contiguous()             # (places, n, 64 + basis)

    def things(self, work: Path, m: Map) -> "Targets":
        """The same, in the same coordinates, for the things of a scene."""
        t = copy.copy(self)
        colour, clear, t.shape = slots.things(work, m)
        both = torch.cat([colour, (clear.flatten(2) - t.middle) @ t.basis], 2)
        t.goal, t.large = ((both - t.base) @ t.root).transpose(0, 1).contiguous(), slots.PLACES
        return t

    def emphasis(self, empty: float) -> torch.Tensor:
        """Weights of errors: more where a picture is transparent, for ghosts on a plain background are seen most (places, pictures, 1)."""
        return 1 + (empty - 1) * (self.goal.square().mean(2, keepdim=True) < 1e-4).float()

    def apart(self) -> list[torch.Tensor]:
        """How far each picture is from its rivals, the same thing in each of the other styles in turn, squared (pictures)."""
        return [(self.goal.roll(-k * self.shape[1], 1) - self.goal).square().sum((0, 2)) for k in range(1, len(STYLES))]

    def plain(self, y: torch.Tensor) -> torch.Tensor:
        """Back to plain coordinates."""
        return torch.linalg.solve_triangular(self.root, y, upper=False, left=False)

    def latents(self, y: torch.Tensor, back: torch.Tensor) -> torch.Tensor:
        """(large places, n, .) in the goal's coordinates -> (n, 16, 32, 32) on backgrounds (n, 3)."""
        x = self.plain(y).transpose(0, 1) + self.base
        clear = (x[..., 64:] @ self.basis.T + self.middle).unflatten(2, (3, 64))
        return unpack(x[..., :64] + torch.einsum("nc,npcd->npd", back, clear), SIDES[0], SIDES[0])


def deal(goal: torch.Tensor, large: int, room: int, grain: int = 4) -> torch.Tensor:
    """How many units each place gets: by the singular values of what it must give, in multiples of grain."""
    s = torch.linalg.svdvals(goal - goal.mean(1, keepdim=True))
    s[large:] *= 0.6                                                           # the small picture is asked for less
    order = s.flatten().argsort(descending=True)[:room]
    counts = torch.bincount(order // s.shape[1], minlength=len(s)).float()
    counts = counts.clamp(max=48)
    need = goal.square().sum((1, 2)) > 1e-3 * goal.square().sum((1, 2)).max()
    counts = torch.where(need, (counts / grain).round().clamp(1) * grain, torch.zeros(()))
    counts = counts.long()
    while counts.sum() > room:
        counts[counts.argmax()] -= grain
    return counts


class Recall(torch.nn.Module):
    """Codes, and the units of all places: place p owns the units first[p] .. first[p] + counts[p].

    Places with equally many units stand together in `order`, so that they go through one batched product."""

    def __init__(self, n: int, width: int, counts: torch.Tensor, out: int):
        super().__init__()
        self.order = counts.argsort(stable=True)
        self.counts = counts
        kinds, many = counts[self.order].unique_consecutive(return_counts=True)
        self.groups = list(zip(kinds.tolist(), many.tolist()))                 # (units of a place, places)
        self.first = torch.empty_like(counts)
        self.first[self.order] = counts[self.order].cumsum(0) - counts[self.order]
        units = int(counts.sum())
        self.code = torch.nn.Parameter(torch.randn(n, width))
        self.register_buffer("size", torch.ones(()))                           # of the codes, as root of the mean square
        self.inward = torch.nn.Parameter(torch.randn(width, units) / width**0.5)
        self.bias = torch.nn.Parameter(torch.zeros(units))
        self.outward = torch.nn.Parameter(torch.zeros(units, out))

    def codes(self) -> torch.Tensor:
        return self.code * (self.size / self.code.square().mean().sqrt())

    def forward(self, code: torch.Tensor) -> list[torch.Tensor]:
        """(n, width) -> for each group of places (places, n, out), in order"""
        h = F.gelu(F.linear(code, self.inward.T, self.bias), approximate="tanh")
        sizes, out = [c * many for c, many in self.groups], self.outward.to(h.dtype)
        return [torch.bmm(a.unflatten(1, (many, c)).transpose(0, 1), b.unflatten(0, (many, c)))
                for (c, many), a, b in zip(self.groups, h.split(sizes, 1), out.split(sizes))]

    def everywhere(self, code: torch.Tensor) -> torch.Tensor:
        """(n, width) -> (places, n, out)"""
        y = torch.cat(self(code))
        return torch.empty_like(y).index_copy_(0, self.order, y)


@torch.no_grad()
def begin(net: Recall, t: Targets, code: torch.Tensor) -> None:
    """Codes by principal components; units along each place's own principal functions of the code, then least squares."""
    net.code.copy_(code)
    x = net.codes()
    inverse = torch.linalg.pinv(x)
    for p, c in enumerate(net.counts.tolist()):
        if c == 0:
            continue
        s = slice(net.first[p], net.first[p] + c)
        linear = inverse @ t.goal[p]
        u, w, _ = torch.linalg.svd(linear, full_matrices=False)
        w_in = u[:, :c] * w[:c]
        if w_in.shape[1] < c:
            w_in = torch.cat([w_in, torch.randn(len(w_in), c - w_in.shape[1])], 1)
        w_in = w_in / (x @ w_in).std(0) * 0.8
        net.inward[:, s] = w_in
        net.bias[s] = 1.5
        h = F.gelu(x @ w_in + 1.5, approximate="tanh")
        net.outward[s] = torch.linalg.solve(h.T @ h + 1e-1 * torch.eye(c), h.T @ t.goal[p])


@torch.no_grad()
def settle(net: Recall, t: Targets, codes: torch.Tensor, weight: torch.Tensor) -> None:
    """The outputs by weighted least squares over several draws of noisy codes (draws, n, width): the best there are for these hidden units.

    weight (places, pictures)"""
    h = F.gelu(F.linear(codes, net.inward.T, net.bias), approximate="tanh")    # (draws, n, units)
    for p, c in enumerate(net.counts.tolist()):
        mine = slice(net.first[p], net.first[p] + c)
        x = h[:, :, mine]
        w = weight[p][None, :, None]
        one, two = (x * w).flatten(0, 1).T @ x.flatten(0, 1), ((x * w).sum(0)).T @ t.goal[p]
        net.outward[mine] = torch.linalg.solve(one + 1e-3 * one.diagonal().mean() * torch.eye(c), two) if c else 0


def load(work: Path) -> tuple[Recall, list[Recall], Targets]:
    """The fitted memory, those of a scene's things from left to right, and what the first was fitted to."""
    t = Targets(work, CONFIG["basis"])
    things, heard = t.things(work, Map(MODEL / "dev/vae/preview.safetensors")), [work / f"heard{slot}.pt" for slot in range(slots.SLOTS)]
    return checkpoint(work / "recall.pt", t), [checkpoint(path if path.exists() else work / "things.pt", things) for path in heard], t


def checkpoint(path: Path, t: Targets) -> Recall:
    """What was fitted to t."""
    s = read(path)
    net = Recall(t.goal.shape[1], s["net"]["code"].shape[1], s["counts"], t.goal.shape[2])
    net.load_state_dict({"size": torch.ones(())} | s["net"])
    return net.requires_grad_(False)


@torch.no_grad()
def judge(net: Recall, t: Targets, codes: torch.Tensor) -> dict:
    """Of the pictures of these codes: share of the variance kept; how often the nearest neighbour is the picture itself, its concept, its style."""
    y = net.everywhere(codes)[: t.large]
    goal = t.goal[: t.large]
    kept = 1 - (y - goal).square().sum() / (goal - goal.mean(1, keepdim=True)).square().sum()
    a, b = y.transpose(0, 1).flatten(1), goal.transpose(0, 1).flatten(1)
    away = b.square().sum(1)[None] - 2 * a @ b.T
    first = away.argmin(1)
    n, own = t.shape[1], torch.arange(len(first))
    return {"kept": kept.item(), "itself": (first == own).float().mean().item(), "concept": (first % n == own % n).float().mean().item(),
            "style": (first // n == own // n).float().mean().item()}


def options(about: str) -> argparse.ArgumentParser:
    p = parser(about, device=True)
    p.add_argument("--steps", type=int, default=3000)
    p.add_argument("--minutes", type=float, default=1e9, help="cool down so as to end by then")
    p.add_argument("--rate", type=float, default=4e-3)
    p.add_argument("--batch", type=int, default=225)
    p.add_argument("--every", type=int, default=50, help="steps between reports")
    p.add_argument("--empty", type=float, default=3.0, help="weight of errors where a picture is transparent")
    p.add_argument("--rivals", type=float, default=1.0, help="weight of what leans towards the same thing in another style")
    return p


def fit(net: Recall, t: Targets, a: argparse.Namespace, state: Path, noisy: Callable[[torch.Tensor, torch.Generator], torch.Tensor]) -> None:
    """Trains what of the net takes gradients. noisy: codes of pictures as the text encoder may say them."""
    n, step = t.goal.shape[1], 0
    groups = [{"params": [net.inward], "share": 0.15}, {"params": [net.bias, net.outward], "share": 0.5}, {"params": [net.code], "share": 1.0}]
    opt = torch.optim.Adam([g for g in groups if g["params"][0].requires_grad], lr=a.rate, betas=(0.9, 0.98), fused=True)
    if state.exists():
        s = read(state)
        net.load_state_dict({"size": torch.ones(())} | s["net"])
        opt.load_state_dict(s["optimiser"])
        step = s["step"]
    plain = t.emphasis(a.empty)
    weight = plain.clone()
    weight[t.large :] *= 0.6
    total = (t.goal - t.goal.mean(1, keepdim=True)).square().sum()
    weight = weight[net.order] * (2 * n / a.batch / total)
    sizes, concepts = [many for _, many in net.groups], t.shape[1]
    apart = t.apart()
    goals, weights = (x.bfloat16().split(sizes) for x in (t.goal[net.order], weight))
    began, r = time.time(), seeded(a.seed + step)

    def save() -> None:
        torch.save({"net": net.state_dict(), "optimiser": opt.state_dict(), "step": step, "counts": net.counts}, state.with_suffix(".tmp"))
        os.replace(state.with_suffix(".tmp"), state)

    while True:
        used = max(step / a.steps, (time.time() - began) / 60 / a.minutes)
        if used >= 1:
            break
        for g in opt.param_groups:
            g["lr"] = a.rate * g["share"] * min(1, (step + 1) / 15) * (0.01 + 0.99 * math.cos(math.pi / 2 * used) ** 2)
        these = torch.randperm(n, generator=r)[: a.batch]
        with bf16():
            parts = net(noisy(these, r))
        with torch.no_grad():
            errors = [(y - g[:, these]) for y, g in zip(parts, goals)]             # by hand: the loss is the weighted mean square
            slopes = [e * w[:, these] for e, w in zip(errors, weights)]
            for k in range(1, len(STYLES)):                                        # and how far each leans towards a rival, squared
                rival = (these + k * concepts) % n
                ways = [g[:, rival] - g[:, these] for g in goals]
                lean = sum((e * w).sum((0, 2), dtype=torch.float32) for e, w in zip(errors, ways)) / apart[k - 1][these]
                push = (2 * a.rivals * lean / apart[k - 1][these] / a.batch).bfloat16()
                slopes = [s + push[:, None] * w for s, w in zip(slopes, ways)]
        torch.autograd.backward(parts, slopes)
        opt.step()
        opt.zero_grad(set_to_none=True)
        step += 1
        if step % a.every == 0:
            loss = sum((e * s).float().sum() for e, s in zip(errors, slopes)) / 2
            print(f"{step} {time.time() - began:.0f}s loss {loss.item():.4f}", flush=True)
        if step % 100 == 0:
            save()
    g = seeded(0)
    with torch.no_grad():
        draws = torch.stack([noisy(torch.arange(n), g) for _ in range(6)])
    settle(net, t, draws, plain[..., 0])
    save()
    print("exact", judge(net, t, net.codes()), "noisy", judge(net, t, draws[0]))


def main() -> None:
    p = options(__doc__)
    p.add_argument("--things", action="store_true", help="the things of scenes (slots.py) instead")
    p.add_argument("--noise", type=float, default=0.25, help="on the codes, relative to their deviation of 1")
    a = p.parse_args()
    torch.manual_seed(a.seed)
    t, width, room = Targets(a.work, CONFIG["basis"]), CONFIG["code"], CONFIG["memories"] * ROOM
    if a.things:
        t, width = t.things(a.work, Map(MODEL / "dev/vae/preview.safetensors")), slots.WIDTH
        room = CONFIG["things"] * ROOM // (slots.SLOTS * len(slots.CORNERS))
    net = Recall(t.goal.shape[1], width, deal(t.goal, t.large, room), t.goal.shape[2])
    print(f"{t.goal.shape[1]} pictures, {len(net.counts)} places, {len(net.bias)} units, at most {net.counts.max()} a place")
    x = t.goal[: t.large].transpose(0, 1).flatten(1)
    x = x - x.mean(0)
    w, v = torch.linalg.eigh(x @ x.T)
    begin(net, t, v.flip(1)[:, :width] * w.flip(0)[:width].clamp_min(0).sqrt())

    def noisy(these: torch.Tensor, r: torch.Generator) -> torch.Tensor:
        code = net.codes()[these]
        return code + a.noise * torch.randn(code.shape, generator=r)

    fit(net, t, a, a.work / ("things.pt" if a.things else "recall.pt"), noisy)


if __name__ == "__main__":
    main()
