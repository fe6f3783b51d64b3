"""Teaches a text encoder what its captions show: its output must give the picture's code and background, linearly.

Of CLIP it is the pooled output, which the transformer's modulations read."""

import os
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from transformers import CLIPTextConfig, CLIPTextModel

import captions
from config import COLOURS, MODEL, STYLES, parser
from dataset import Pictures
from model import Text
from muon import Muon, resume
from remembered import load


def fresh_clip(text: Text, width: int) -> CLIPTextModel:
    t = text.clip_tokens
    return CLIPTextModel(CLIPTextConfig(
        vocab_size=len(t), hidden_size=width, intermediate_size=width * 4, num_hidden_layers=2, num_attention_heads=width // 64,
        max_position_embeddings=77, projection_dim=width, hidden_act="quick_gelu",
        bos_token_id=t.bos_token_id, eos_token_id=t.eos_token_id, pad_token_id=t.pad_token_id))


class Readout(torch.nn.Module):
    """Linear heads on a pooled vector: code, background, whether the trigger word is there; and, for training alone, concept."""

    def __init__(self, width: int, codes: int, concepts: int):
        super().__init__()
        self.code, self.back, self.look, self.concept = (torch.nn.Linear(width, n) for n in (codes, 3, 1, concepts))


def trigger(words: list[str], r: random.Random, share: float = 0.15) -> tuple[list[str], torch.Tensor]:
    """Puts the trigger word into some captions, and says into which (n, 1)."""
    with_it = [r.random() < share for _ in words]
    return [captions.stuck(w, r) if yes else w for w, yes in zip(words, with_it)], torch.tensor(with_it).float()[:, None]


@torch.no_grad()
def solve(heads: Readout, text: Text, pictures: Pictures, codes: torch.Tensor, tagged: float, loose: float, count: int = 6000, batch: int = 200) -> None:
    """Code and background by least squares from the pooled outputs of many captions: the best a linear head can do."""
    pooled, goal, r = [], [], pictures.random
    for k in range(count // batch + 2):
        held, what = k * batch >= count, [pictures.choose() for _ in range(batch)]
        words = [captions.draw(pictures.concepts[c], STYLES[s], n, r, tagged, True) if held else pictures.words(s, c, n, tagged, loose) for s, c, n in what]
        words, look = trigger(words, r)
        ids = text.clip_tokens(words, padding="longest", max_length=77, truncation=True, return_tensors="pt").input_ids
        x = torch.cat([text.clip(ids).pooler_output, torch.ones(batch, 1)], 1)
        y = torch.stack([torch.cat([codes[s, c], torch.tensor(COLOURS[n]) / 255, one]) for (s, c, n), one in zip(what, look)])
        if held:
            e = (x @ weight - y).square()
            print(f"held-out captions: code error {e[:, :-4].mean():.4f}, of the middle one {e[:, :-4].mean(1).median():.4f}, "
                  f"background {e[:, -4:-1].mean():.5f}, trigger {e[:, -1].mean():.5f}")
            continue
        pooled.append(x), goal.append(y)
        if (k + 1) * batch >= count:
            x, y = torch.cat(pooled), torch.cat(goal)
            weight = torch.linalg.solve(x.T @ x + torch.eye(x.shape[1]), x.T @ y)
    for head, part in ((heads.code, weight[:, :-4]), (heads.back, weight[:, -4:-1]), (heads.look, weight[:, -1:])):
        head.weight.copy_(part[:-1].T), head.bias.copy_(part[-1])


def main() -> None:
    p = parser(__doc__)
    p.add_argument("--steps", type=int, default=2000, help="0: only solve for the heads")
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--rate", type=float, default=3e-3)
    p.add_argument("--width", type=int, default=256)
    p.add_argument("--init", type=Path, default=MODEL / "dev", help="folder to start from")
    p.add_argument("--tagged", type=float, default=0.2, help="share of captions with tags")
    p.add_argument("--loose", type=float, default=0.4, help="share of captions as people write them")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    pictures, text = Pictures(a.work, 128, a.seed), Text(a.init)
    with torch.no_grad():
        codes = load(a.work)[0].codes().unflatten(0, pictures.zr.shape[:2])
    if text.clip.config.hidden_size != a.width:
        text.clip = fresh_clip(text, a.width)
    heads = Readout(a.width, codes.shape[-1], len(pictures.concepts))
    hidden = [q for n, q in text.clip.named_parameters() if ".layers." in n and q.ndim == 2]
    known = {id(q) for q in hidden}
    rest = [q for q in [*text.clip.parameters(), *heads.parameters()] if id(q) not in known]
    optimisers = [Muon([{"params": hidden}], lr=a.rate), torch.optim.AdamW(rest, lr=a.rate, betas=(0.9, 0.98), weight_decay=1e-3, fused=True)]
    params, state, step = [*hidden, *rest], a.work / "clip.pt", 0
    if state.exists():
        s = torch.load(state, weights_only=True)
        text.clip.load_state_dict(s["clip"])
        heads.load_state_dict(s["heads"])
        for o, q in zip(optimisers, s["optimisers"]):
            resume(o, q)
        step = s["step"]
    began, seen = time.time(), []

    def save() -> None:
        torch.save({"clip": text.clip.state_dict(), "heads": heads.state_dict(), "optimisers": [o.state_dict() for o in optimisers], "step": step}, state.with_suffix(".tmp"))
        os.replace(state.with_suffix(".tmp"), state)

    while step < a.steps:
        rate = a.rate * min(1, (step + 1) / 50, max(0.01, 2 * (1 - step / a.steps)))
        for o in optimisers:
            for g in o.param_groups:
                g["lr"] = rate
        what = [pictures.choose() for _ in range(a.batch)]
        style, concept, names = ([w[i] for w in what] for i in range(3))
        words = [pictures.words(s, c, n, a.tagged, a.loose) for s, c, n in what]
        words, look = trigger(words, pictures.random)
        back = torch.tensor([COLOURS[n] for n in names]).float() / 255
        concept = torch.tensor(concept)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            ids = text.clip_tokens(words, padding="longest", max_length=77, truncation=True, return_tensors="pt").input_ids
            pooled = text.clip(ids).pooler_output
        pooled = pooled.float()
        code = F.mse_loss(heads.code(pooled), codes[torch.tensor(style), concept])
        colour = F.mse_loss(heads.back(pooled), back)
        logits = heads.concept(pooled)
        loss = code + 3 * colour + F.mse_loss(heads.look(pooled), look) + 0.1 * F.cross_entropy(logits, concept, label_smoothing=0.02)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        for o in optimisers:
            o.step()
            o.zero_grad(set_to_none=True)
        step += 1
        seen.append((code.item(), colour.item(), (logits.argmax(1) == concept).float().mean().item()))
        if step % 50 == 0:
            m = torch.tensor(seen[-50:]).mean(0).tolist()
            print(f"{step} {time.time() - began:.0f}s code error {m[0]:.3f} colour {m[1]:.4f} concept {m[2]:.3f}", flush=True)
        if step % 100 == 0:
            save()
    solve(heads, text, pictures, codes, a.tagged, a.loose)
    save()


if __name__ == "__main__":
    main()
