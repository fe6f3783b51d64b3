"""What long runs share: a rate that falls to zero by the time they end, averaged weights, and a checkpoint to go on from."""

import math
import os
import time
from pathlib import Path

import torch

from config import read
from muon import resume


class Run:
    """One run of a network's training. keep: share of the averaged weights that a step leaves as it is."""

    def __init__(self, state: Path, net: torch.nn.Module, optimisers: list[torch.optim.Optimizer], steps: int, minutes: float, keep: float):
        self.state, self.net, self.optimisers = state, net, optimisers
        self.steps, self.minutes, self.keep = steps, minutes, keep
        self.params = list(net.parameters())
        self.rates = [[g["lr"] for g in o.param_groups] for o in optimisers]
        self.mean = [q.detach().clone() for q in self.params]
        self.step, self.spent, self.began = 0, 0.0, time.time()

    def load(self) -> bool:
        """Goes on from the checkpoint, if there is one."""
        if not self.state.exists():
            return False
        s = read(self.state)
        self.net.load_state_dict(s["net"])
        for o, q in zip(self.optimisers, s["optimisers"], strict=True):
            resume(o, q)
        self.mean, self.step, self.spent, self.began = s["mean"], s["step"], s["spent"], time.time()
        return True

    def save(self) -> None:
        kept = {"net": self.net.state_dict(), "optimisers": [o.state_dict() for o in self.optimisers], "mean": self.mean, "step": self.step, "spent": self.seconds()}
        torch.save(kept, self.state.with_suffix(".tmp"))
        os.replace(self.state.with_suffix(".tmp"), self.state)

    def seconds(self) -> float:
        return self.spent + time.time() - self.began

    def used(self) -> float:
        """How much of the run is over, of its steps or of its time."""
        return max(self.step / self.steps if self.steps else 1, self.seconds() / 60 / self.minutes)

    def share(self, warm: int) -> float:
        """Of the full rate: up over the first steps, then down to nothing."""
        return min(1, (self.step + 1) / warm) * (0.01 + 0.99 * math.cos(math.pi / 2 * self.used()) ** 2)

    def pace(self, warm: int) -> None:
        """Sets the rates for the next step: each group's own, as it was made with."""
        share = self.share(warm)
        for o, rates in zip(self.optimisers, self.rates):
            for g, rate in zip(o.param_groups, rates):
                g["lr"] = rate * share

    def advance(self) -> None:
        """A step of the optimisers, and of the average."""
        for o in self.optimisers:
            o.step()
            o.zero_grad(set_to_none=True)
        self.step += 1
        with torch.no_grad():
            torch._foreach_lerp_(self.mean, self.params, 1 - min(self.keep, self.step / (self.step + 10)))

    @torch.no_grad()
    def set(self, values: list[torch.Tensor]) -> list[torch.Tensor]:
        """Other weights; returns those that were there."""
        old = [q.detach().clone() for q in self.params]
        for q, v in zip(self.params, values):
            q.copy_(v)
        return old
