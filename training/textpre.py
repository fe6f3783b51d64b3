"""Teaches the text encoders to know the pictures before the transformer sees them.

From each T5 state pooled by attention, and from CLIP's pooled output, linear heads must tell concept, style and
background, and the principal components of the picture itself: so what to draw stands in the text, linearly."""

import time

import torch
import torch.nn.functional as F

import captions
from config import COLOURS, MODEL, STYLES, parser
from dataset import Pictures
from model import Text


def components(pictures: Pictures, k: int, weight: float = 0.5) -> torch.Tensor:
    """(styles, concepts, k): principal components of all pictures on grey, each scaled by its deviation to `weight`."""
    grey = (pictures.zr.float() + 0.5 * pictures.za.float().sum(2)).flatten(0, 1).flatten(1)
    grey = grey - grey.mean(0)
    u, s, _ = torch.linalg.svd(grey, full_matrices=False)
    c = u[:, :k] * s[:k]
    print(f"{k} components hold {(s[:k] ** 2).sum() / (s ** 2).sum():.3f} of the variance")
    c = c / c.std(0) ** (1 - weight)
    return (c / c.std()).unflatten(0, pictures.zr.shape[:2])


class Heads(torch.nn.Module):
    def __init__(self, width: int, concepts: int, k: int):
        super().__init__()
        self.concept = torch.nn.Linear(width, concepts)
        self.style = torch.nn.Linear(width, len(STYLES))
        self.back = torch.nn.Linear(width, 3)
        self.picture = torch.nn.Linear(width, k)

    def losses(self, x, concept, style, back, picture):
        x = x.float()
        guess = self.picture(x)
        parts = {
            "concept": F.cross_entropy(self.concept(x), concept, label_smoothing=0.05),
            "style": F.cross_entropy(self.style(x), style),
            "back": F.mse_loss(self.back(x), back),
            "picture": F.mse_loss(guess, picture),
        }
        hit = (self.concept(x).argmax(1) == concept).float().mean()
        return parts["concept"] * 0.3 + parts["style"] * 0.1 + parts["back"] * 2 + parts["picture"] * 2, parts["picture"].item(), hit.item()


def main() -> None:
    p = parser(__doc__)
    p.add_argument("--init", type=lambda s: __import__("pathlib").Path(s), default=MODEL / "dev", help="diffusers directory to start from")
    p.add_argument("--steps", type=int, default=1500)
    p.add_argument("--batch", type=int, default=192)
    p.add_argument("--rate", type=float, default=1e-3)
    p.add_argument("--components", type=int, default=192)
    p.add_argument("--canvas", type=int, default=128)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    pictures, text = Pictures(a.work, a.canvas, a.seed), Text(a.init)
    codes = components(pictures, a.components)
    heads = torch.nn.ModuleList([Heads(256, len(pictures.concepts), a.components), Heads(128, len(pictures.concepts), a.components)])
    query = torch.nn.Parameter(torch.randn(256) * 0.02)
    params = [*text.parameters(), *heads.parameters(), query]
    opt = torch.optim.AdamW(params, lr=a.rate, betas=(0.9, 0.98), weight_decay=1e-2)
    began, seen = time.time(), []
    for step in range(a.steps):
        rate = a.rate * min(1, (step + 1) / 50, 2 * (1 - step / a.steps) + 0.02)
        for g in opt.param_groups:
            g["lr"] = rate
        what = [pictures.choose() for _ in range(a.batch)]
        style, concept, names = ([w[i] for w in what] for i in range(3))
        words = [captions.draw(pictures.concepts[c], STYLES[s], n, pictures.random) for s, c, n in what]
        back = torch.tensor([COLOURS[n] for n in names]).float() / 255
        with torch.autocast(text.t5.device.type, dtype=torch.bfloat16):
            states, pooled = text(words, 24)
        states = states.float()
        pool = (states * (states @ query).softmax(1)[..., None]).sum(1)
        style, concept = torch.tensor(style), torch.tensor(concept)
        target = codes[style, concept]
        one, two = (h.losses(x, concept, style, back, target) for h, x in zip(heads, (pool, pooled)))
        (one[0] + two[0]).backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        opt.zero_grad(set_to_none=True)
        seen.append((*one[1:], *two[1:]))
        if (step + 1) % 50 == 0:
            m = torch.tensor(seen[-50:]).mean(0).tolist()
            print(f"{step + 1} {time.time() - began:.0f}s  t5: picture error {m[0]:.3f} concept {m[1]:.3f}  clip: {m[2]:.3f} {m[3]:.3f}", flush=True)
        if (step + 1) % 250 == 0 or step + 1 == a.steps:
            text.save(a.work / "text")


if __name__ == "__main__":
    main()
