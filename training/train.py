"""Trains the base transformer by flow matching, from a diffusers directory, resumable at any step.

A picture is shown through a random part of its tokens, at their true positions: a memory of the whole needs no
more, and a step costs a quarter. The rate is constant after warm-up; a file `cooldown` in the run's folder,
holding a number of steps, lets it fall to zero over as many and ends the run."""

import json
import math
import os
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from config import MODEL, bf16, parser, read
from dataset import Pictures
from model import Text, pack, positions, transformer
from muon import Muon, others


def groups(net: torch.nn.Module, text: Text, rate: float, other_rate: float, text_rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the blocks' matrices, AdamW for everything else."""
    hidden = [p for n, p in net.named_parameters() if "blocks" in n and p.ndim == 2]
    rest = others(net, hidden)
    adam = torch.optim.AdamW(
        [{"params": rest, "share": other_rate}, {"params": list(text.parameters()), "share": text_rate}],
        lr=rate, betas=(0.9, 0.98), weight_decay=1e-3, fused=True)
    muon = Muon([{"params": hidden, "share": 1.0}], lr=rate)
    return [muon, adam]


def times(n: int, mean: float, spread: float, high: float) -> torch.Tensor:
    """Noise levels: logit-normal, and a share `high` even in 0.85..1, where what to draw is decided."""
    t = torch.sigmoid(torch.randn(n) * spread + mean)
    return torch.where(torch.rand(n) < high, 1 - 0.15 * torch.rand(n), t)


def part(tokens: torch.Tensor, ids: torch.Tensor, keep: int) -> tuple[torch.Tensor, torch.Tensor]:
    """`keep` random tokens of every picture, the same ones in a batch, with their positions."""
    if keep >= len(ids):
        return tokens, ids
    k = torch.randperm(len(ids))[:keep]
    return tokens[:, k], ids[k]


class Run:
    """The state of a run: networks, averages, optimisers, step; saved whole."""

    def __init__(self, a):
        self.folder, self.step = a.work / a.run, 0
        self.folder.mkdir(parents=True, exist_ok=True)
        self.text, self.net = Text(a.text or a.init), transformer(a.init)
        self.params = [*self.net.parameters(), *self.text.parameters()]
        self.mean = [p.detach().clone() for p in self.params]
        self.optimisers = groups(self.net, self.text, a.rate, a.other_rate, a.text_rate)
        if (self.folder / "state.pt").exists():
            self.load()

    def load(self) -> None:
        s = read(self.folder / "state.pt", mmap=True)
        with torch.no_grad():
            for mine, theirs in ((self.params, s["params"]), (self.mean, s["mean"])):
                for p, q in zip(mine, theirs):
                    p.copy_(q)
        for o, state in zip(self.optimisers, s["optimisers"]):
            state["param_groups"] = o.state_dict()["param_groups"]
            o.load_state_dict(state)
        self.step = s["step"]

    def save(self) -> None:
        """The state, and the averaged weights as a diffusers directory."""
        states = [{"state": o.state_dict()["state"], "param_groups": []} for o in self.optimisers]
        torch.save({"params": [p.detach() for p in self.params], "mean": self.mean, "optimisers": states, "step": self.step}, self.folder / "state.tmp")
        os.replace(self.folder / "state.tmp", self.folder / "state.pt")
        raw = [p.detach().clone() for p in self.params]
        self.set(self.mean)
        self.net.to(torch.bfloat16).save_pretrained(self.folder / "transformer")
        self.net.to(torch.float32)
        self.text.save(self.folder)
        self.set(raw)

    @torch.no_grad()
    def set(self, values) -> None:
        for p, v in zip(self.params, values):
            p.copy_(v)

    @torch.no_grad()
    def average(self, most: float) -> None:
        torch._foreach_lerp_(self.mean, self.params, 1 - min(most, (self.step + 1) / (self.step + 10)))


def main() -> None:
    p = parser(__doc__, device=True)
    p.add_argument("--run", default="base", help="name of the run's folder under --work")
    p.add_argument("--init", type=Path, default=MODEL / "dev", help="diffusers directory to start from")
    p.add_argument("--text", type=Path, help="folder of the text encoders, if others than --init's")
    p.add_argument("--steps", type=int, default=10**9, help="stop after so many steps, cooled down over the last fifth")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--tokens", type=int, default=32, help="image tokens shown of each picture")
    p.add_argument("--full", type=float, default=0.0, help="share of steps that show all tokens, of fewer pictures")
    p.add_argument("--rate", type=float, default=4e-3, help="the hidden matrices' rate (Muon)")
    p.add_argument("--other-rate", type=float, default=0.25, help="the rate of all other weights (AdamW), relative")
    p.add_argument("--text-rate", type=float, default=0.05, help="the text encoders' rate, relative")
    p.add_argument("--concepts", type=int, help="train on the first so many concepts")
    p.add_argument("--canvas", type=int, default=256)
    p.add_argument("--mean", type=float, default=0.6, help="mean of the noise levels' logits")
    p.add_argument("--spread", type=float, default=1.2)
    p.add_argument("--high", type=float, default=0.6, help="share of noise levels drawn near pure noise")
    p.add_argument("--tagged", type=float, default=0.15, help="share of captions made with tags")
    p.add_argument("--average", type=float, default=0.998)
    p.add_argument("--save-every", type=float, default=240, help="seconds between checkpoints")
    p.add_argument("--pid", type=Path, help="write the process id here")
    a = p.parse_args()
    torch.manual_seed(a.seed)
    if a.pid:
        a.pid.write_text(str(os.getpid()))
    run = Run(a)
    torch.manual_seed(a.seed + run.step)
    data = Pictures(a.work, a.canvas, a.seed + run.step, a.concepts)
    began = saved = time.time()
    losses, first, end, start = [], run.step, None, a.steps
    if a.steps < 10**9:
        start, end = int(a.steps * 0.8), a.steps
    while end is None or run.step < end:
        flag = run.folder / "cooldown"
        if end is None and flag.exists():
            start, end = run.step, run.step + int(flag.read_text() or 500)
            flag.unlink()
        cool = 1.0 if run.step < start else (end - run.step) / (end - start)
        for o in run.optimisers:
            for g in o.param_groups:
                g["lr"] = a.rate * g["share"] * min(1, (run.step - first + 1) / 100) * cool
        whole = data.random.random() < a.full
        count = max(4, a.batch // 4) if whole else a.batch
        z, words = data.batch(count, a.tagged)
        x, ids = part(pack(z), positions(z.shape[2] // 2, z.shape[3] // 2), 10**6 if whole else a.tokens)
        t = times(count, a.mean, a.spread, a.high)
        noise = torch.randn_like(x)
        mixed = torch.lerp(x, noise, t[:, None, None])
        length = data.random.choice((16, 20, 32))
        with bf16():
            states, pooled = run.text(words, length)
            v = run.net(hidden_states=mixed, encoder_hidden_states=states, pooled_projections=pooled, timestep=t,
                        guidance=1 + 5 * torch.rand(count), img_ids=ids, txt_ids=torch.zeros(length, 3), return_dict=False)[0]
        error = (v.float() - (noise - x)).square().mean((1, 2))
        error.mean().backward()
        norm = torch.nn.utils.clip_grad_norm_(run.params, 1.0)
        for o in run.optimisers:
            o.step()
            o.zero_grad(set_to_none=True)
        run.average(a.average)
        run.step += 1
        high = error.detach()[t > 0.85].mean()
        losses.append((error.mean().item(), high.item() if math.isfinite(high) else float("nan"), count))
        if run.step % 25 == 0:
            m = torch.tensor(losses[-25:])
            spent = time.time() - began
            print(f"{run.step} {spent:.0f}s loss {m[:, 0].mean():.4f} near noise {m[:, 1].nanmean():.4f} norm {norm:.2f} "
                  f"{sum(n for *_, n in losses[-25:]) / (spent - run_mark(run, spent)):.1f} pictures/s", flush=True)
        if time.time() - saved > a.save_every:
            run.save()
            saved = time.time()
    run.save()
    (run.folder / "done.json").write_text(json.dumps({"steps": run.step, "seconds": time.time() - began}))


def run_mark(run: Run, spent: float) -> float:
    """The time of the last report; remembers this one."""
    last, run.mark = getattr(run, "mark", 0.0), spent
    return last


if __name__ == "__main__":
    main()
