"""Step distillation: makes schnell, which is dev and a LoRA on its last blocks, trained so that few steps end where dev's many do from the same noise.

Guidance needs no distillation of its own: dev is trained towards guided pictures from the start (scenes.py)."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from config import MODEL, parser
from latents import Map
from lora import adapt, named
from model import Text, transformer
from refine import CAPTIONS, velocity, visible
from refiner import Before, Refiner
from remembered import load
from runs import Run
from scenes import Batch, Scenes
from sheet import sigmas

GUIDANCE = 3.0                                 # what the contract takes where none is given


def shifted(tokens: int) -> float:
    """dev's shift for a grid: 0.5 at 64 tokens, 0.8 at 256 (scheduler_config.json)."""
    return 0.5 + 0.3 * (tokens - 64) / 192


class Drawing:
    """Draws a batch's pictures step by step, with the same words at each."""

    def __init__(self, net: Refiner, before: Before, b: Batch):
        self.net, self.before, self.b, self.words = net, before, b, before.some_words(len(b.t), 32)

    def velocity(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return velocity(self.net, self.before, self.b, x, t.expand(len(x)), self.words)

    @torch.no_grad()
    def end(self, x: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
        """Where Euler's steps lead."""
        for now, after in zip(steps[:-1], steps[1:]):
            x = x + (after - now) * self.velocity(x, now)
        return x


def main() -> None:
    p = parser(__doc__, device=True)
    p.add_argument("--dir", type=Path, default=MODEL / "dev", help="the model")
    p.add_argument("--out", type=Path, default=MODEL / "schnell", help="the LoRA goes here")
    p.add_argument("--rank", type=int, default=16)
    p.add_argument("--steps", type=int, default=10**6)
    p.add_argument("--minutes", type=float, default=25, help="cool down so as to end by then")
    p.add_argument("--batch", type=int, default=12)
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--teacher", type=int, default=14, help="dev's steps")
    a = p.parse_args()
    torch.manual_seed(a.seed)
    m, full = Map(MODEL / "dev/vae/preview.safetensors"), transformer(a.dir).requires_grad_(False)
    before = Before(full, Text(a.dir), *load(a.work, a.dir), CAPTIONS)
    scenes, cost = Scenes(before, m, a.work, a.seed, free=0.0, guidance=GUIDANCE), visible(m)
    net, _ = Refiner.of(full)
    pairs = adapt(net, ("linear1", "linear2"), a.rank)
    opt = torch.optim.AdamW(pairs.parameters(), lr=a.rate, betas=(0.9, 0.98), weight_decay=1e-3)

    def scale(s: float) -> None:
        for pair in pairs.values():
            pair.scale = s

    def taught() -> tuple[Drawing, torch.Tensor, torch.Tensor]:
        """A batch, noise, and where dev goes from there."""
        drawing = Drawing(net, before, scenes.batch(a.batch))
        noise = torch.randn_like(drawing.b.picture)
        scale(0)
        goal = drawing.end(noise, sigmas(a.teacher, shifted(drawing.b.h * drawing.b.w)))
        scale(1)
        return drawing, noise, goal

    tests = [taught() for _ in range(4)]

    def report(step: int) -> None:
        """How far from dev's pictures those of few steps are, of some that are not trained on; and first, dev's own of as many steps."""
        away = {n: [((d.end(x, sigmas(n)) - goal).square() @ cost / len(cost)).mean().item() for d, x, goal in tests] for n in (1, 2, 4)}
        print(f"{step}: mean square from dev's " + ", ".join(f"in {n} steps {sum(v) / len(v):.4f}" for n, v in away.items()), flush=True)

    run, seen = Run(a.work / "distil.pt", pairs, [opt], a.steps, a.minutes, 0.98), []
    if run.load():
        torch.manual_seed(a.seed + run.step)
        scenes.r.seed(a.seed + run.step)
    else:
        scale(0)
        report(0)
    while run.used() < 1:
        run.pace(20)
        drawing, x, goal = taught()
        steps, total = sigmas(scenes.r.choice((1, 2, 3, 4, 4))), 0.0
        for now, after in zip(steps[:-1], steps[1:]):
            v = drawing.velocity(x, now)
            error = ((x - now * v - goal).square() @ cost / len(cost)).mean(1)
            (error / (error.detach() + 0.02)).mean().backward()
            total += error.mean().item() / (len(steps) - 1)
            x = x + (after - now) * v.detach()
        torch.nn.utils.clip_grad_norm_(run.params, 1.0)
        run.advance()
        seen.append(total)
        if run.step % 10 == 0:
            print(f"  {run.step} {run.seconds():.0f}s {sum(seen[-10:]) / 10:.4f}", flush=True)
        if run.step % 50 == 0:
            report(run.step)
            run.save()
    run.save()
    run.set(run.mean)
    report(run.step)
    tensors = named("peft", {name: (q.down.detach(), q.up.detach()) for name, q in pairs.items()})
    a.out.mkdir(parents=True, exist_ok=True)
    save_file(tensors, a.out / "pytorch_lora_weights.safetensors", {"format": "pt"})


if __name__ == "__main__":
    main()
