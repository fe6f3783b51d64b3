"""Teaches a text encoder what its captions show: its output must give the code and the background of the picture, linearly.

Of CLIP it is the pooled output, which the transformer's modulations read. For a scene the code is that of its things, one after
the other (slots.py), and two flags say that there are two or three."""

import copy
import random
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from transformers import CLIPTextConfig, CLIPTextModel

import captions
import slots
from config import COLOURS, CONFIG, MODEL, STYLES, bf16, parser, read
from dataset import Pictures
from layout import WIDTH
from model import Text
from muon import Muon, others
from remembered import load
from runs import Run
from slots import SHOWN, SLOTS
from slots import WIDTH as PART


def fresh_clip(text: Text, width: int) -> CLIPTextModel:
    t = text.clip_tokens
    return CLIPTextModel(CLIPTextConfig(
        vocab_size=len(t), hidden_size=width, intermediate_size=width * 4, num_hidden_layers=CONFIG["clip_layers"], num_attention_heads=width // 64,
        max_position_embeddings=77, projection_dim=width, hidden_act="quick_gelu",
        bos_token_id=t.bos_token_id, eos_token_id=t.eos_token_id, pad_token_id=t.pad_token_id))


@torch.no_grad()
def deepen(clip: CLIPTextModel) -> None:
    """More layers, up to the number wanted, that change nothing yet."""
    layers = clip.text_model.encoder.layers
    while len(layers) < CONFIG["clip_layers"]:
        layer = copy.deepcopy(layers[-1])
        for out in (layer.self_attn.out_proj, layer.mlp.fc2):
            out.weight.zero_(), out.bias.zero_()
        layers.append(layer)
    clip.config.num_hidden_layers = len(layers)


class Readout(torch.nn.Module):
    """Linear heads on a pooled vector: code, background, whether the trigger word is there, whether there are two things and
    whether three; and, for training alone, which concepts."""

    def __init__(self, width: int, codes: int, concepts: int):
        super().__init__()
        self.code, self.back, self.look, self.several = (torch.nn.Linear(width, n) for n in (codes, 3, 1, 2))
        self.concept, self.things = torch.nn.Linear(width, concepts), torch.nn.Linear(width, SLOTS * concepts)

    def rest(self, said: torch.Tensor) -> torch.Tensor:
        """All but the code and the concepts (n, 6): as Asked has it."""
        return torch.cat([self.back(said), self.look(said), self.several(said)], 1)


class Asked(NamedTuple):
    """A batch of captions, and what they stand for."""

    words: list[str]
    code: torch.Tensor                         # (n, codes)
    known: torch.Tensor                        # (n, codes), 0 where a scene shows nothing
    rest: torch.Tensor                         # (n, 6): background, trigger word, two or three, three
    concepts: torch.Tensor                     # (n, 1 + SLOTS): of a thing alone, and of a scene's; -100 where there is none
    style: torch.Tensor                        # (n)


class Captions:
    """Draws captions with what they stand for."""

    def __init__(self, pictures: Pictures, codes: torch.Tensor, things: torch.Tensor, tagged: float, loose: float, scenes: float):
        """codes, things: of all pictures, alone (styles, concepts, .) and in scenes (styles, concepts, SLOTS, .). The rest are shares of captions."""
        self.pictures, self.codes, self.things, self.tagged, self.loose, self.scenes = pictures, codes, things, tagged, loose, scenes

    def single(self, held: bool) -> tuple[str, torch.Tensor, torch.Tensor, str, list[int], int]:
        p = self.pictures
        style, concept, colour = p.choose()
        words = captions.draw(p.concepts[concept], STYLES[style], colour, p.random, self.tagged, True) if held else p.words(style, concept, colour, self.tagged, self.loose)
        code = self.codes[style, concept]
        return words, code, torch.ones(len(code)), colour, [concept] + [-100] * SLOTS, style

    def scene(self, held: bool) -> tuple[str, torch.Tensor, torch.Tensor, str, list[int], int]:
        p = self.pictures
        style, things, colour = p.several()
        code, known, which = torch.zeros(SLOTS, PART), torch.zeros(SLOTS, PART), [-100] * SLOTS
        for slot, n in zip(SHOWN[len(things)], things):
            code[slot], known[slot], which[slot] = self.things[style, n, slot], 1, n
        return p.scene(style, things, colour, p.random, held), code.flatten(), known.flatten(), colour, [-100, *which], style

    def draw(self, n: int, held: bool = False) -> Asked:
        rows, r = [(self.scene if self.pictures.random.random() < self.scenes else self.single)(held) for _ in range(n)], self.pictures.random
        words, look = trigger([row[0] for row in rows], r)
        shown = torch.tensor([sum(k >= 0 for k in row[4][1:]) for row in rows])[:, None]
        back = torch.tensor([COLOURS[row[3]] for row in rows]) / 255
        return Asked(words, torch.stack([row[1] for row in rows]), torch.stack([row[2] for row in rows]),
                     torch.cat([back, look, (shown > 1).float(), (shown > 2).float()], 1), torch.tensor([row[4] for row in rows]), torch.tensor([row[5] for row in rows]))


def far(said: torch.Tensor, rest: torch.Tensor) -> torch.Tensor:
    """Mean squares of the background's error, the trigger word's and the flags' (3)."""
    each = (said - rest).square().mean(0)
    return torch.stack([each[:3].mean(), each[3], each[4:].mean()])


def trigger(words: list[str], r: random.Random, share: float = 0.15) -> tuple[list[str], torch.Tensor]:
    """Puts the trigger word into some captions, and says into which (n, 1)."""
    with_it = [r.random() < share for _ in words]
    return [captions.stuck(w, r) if yes else w for w, yes in zip(words, with_it)], torch.tensor(with_it).float()[:, None]


def pooled(text: Text, words: list[str]) -> torch.Tensor:
    ids = text.clip_tokens(words, padding="longest", max_length=77, truncation=True, return_tensors="pt").input_ids
    return text.clip(ids.to(text.clip.device)).pooler_output


@torch.no_grad()
def solve(heads: Readout, text: Text, source: Captions, count: int = 8000, batch: int = 200) -> None:
    """All that is used later by least squares from the pooled outputs of many captions: the best that linear heads can do."""
    xs, asked = [], []
    for _ in range(count // batch):
        asked.append(source.draw(batch))
        xs.append(torch.cat([pooled(text, asked[-1].words), torch.ones(batch, 1)], 1))
    x, code, known, rest = torch.cat(xs), *(torch.cat([getattr(a, name) for a in asked]) for name in ("code", "known", "rest"))
    ridge = torch.eye(x.shape[1])
    weight = torch.zeros(x.shape[1], code.shape[1])
    for part in map(slots.part, range(SLOTS)):
        w = known[:, part][:, :1]
        weight[:, part] = torch.linalg.solve((x * w).T @ x + ridge, (x * w).T @ code[:, part])
    others = torch.linalg.solve(x.T @ x + ridge, x.T @ rest)
    for head, w in ((heads.code, weight), (heads.back, others[:, :3]), (heads.look, others[:, 3:4]), (heads.several, others[:, 4:])):
        head.weight.copy_(w[:-1].T), head.bias.copy_(w[-1])
    for scenes in (0.0, 1.0):
        source.scenes, usual = scenes, source.scenes
        a = source.draw(2 * batch, True)
        source.scenes = usual
        x = torch.cat([pooled(text, a.words), torch.ones(2 * batch, 1)], 1)
        each, flags = ((x @ weight - a.code).square() * a.known).sum(1) / a.known.sum(1), (x @ others)[:, 4:]
        back, look, several = far(x @ others, a.rest).tolist()
        print(f"held-out {'scenes' if scenes else 'captions'}: code error {each.mean():.4f}, of the middle one {each.median():.4f}, background {back:.5f}, "
              f"trigger {look:.5f}, how many {several:.5f} ({((flags > 0.5) != (a.rest[:, 4:] > 0.5)).any(1).float().mean():.2%} wrong)", flush=True)


def optimisers(net: torch.nn.Module, rate: float) -> list[torch.optim.Optimizer]:
    """For a text encoder and its heads: Muon for the matrices of its layers."""
    hidden = [q for n, q in net.named_parameters() if ".layers." in n and q.ndim == 2]
    return [Muon(hidden, lr=rate), torch.optim.AdamW(others(net, hidden), lr=rate, betas=(0.9, 0.98), weight_decay=1e-3, fused=True)]


def trained(text: Text, path: Path) -> dict[str, torch.Tensor]:
    """Puts the text encoder of a result of this script in its place; returns its heads."""
    s = read(path)
    text.clip = fresh_clip(text, WIDTH)
    text.clip.load_state_dict(s["clip"])
    return s["heads"]


def main() -> None:
    p = parser(__doc__, device=True)
    p.add_argument("--steps", type=int, default=10**6, help="0: only solve for the heads")
    p.add_argument("--minutes", type=float, default=60, help="cool down so as to end by then")
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--rate", type=float, default=3e-3)
    p.add_argument("--init", type=Path, default=MODEL / "dev", help="folder to start from")
    p.add_argument("--tagged", type=float, default=0.2, help="share of captions with tags")
    p.add_argument("--loose", type=float, default=0.4, help="share of captions as people write them")
    p.add_argument("--scenes", type=float, default=0.5, help="share of captions of two or three things")
    a = p.parse_args()
    torch.manual_seed(a.seed)
    pictures, text = Pictures(a.work, 128, a.seed), Text(a.init)
    memory, things, _ = load(a.work)
    with torch.no_grad():
        codes, parts = (x.unflatten(0, pictures.zr.shape[:2]) for x in (memory.codes(), torch.stack([m.codes() for m in things], 1)))
    if text.clip.config.hidden_size != WIDTH:
        text.clip = fresh_clip(text, WIDTH)
    deepen(text.clip)
    source, heads = Captions(pictures, codes, parts, a.tagged, a.loose, a.scenes), Readout(WIDTH, codes.shape[-1], len(pictures.concepts))
    net = torch.nn.ModuleDict({"clip": text.clip, "heads": heads})
    opts = optimisers(net, a.rate)
    run, seen = Run(a.work / "text.pt", net, opts, a.steps, a.minutes, 0.998), []
    if run.load():
        pictures.random.seed(a.seed + run.step)
    elif a.steps:
        solve(heads, text, source)
        run.mean = [q.detach().clone() for q in run.params]
    while run.used() < 1:
        run.pace(50)
        b = source.draw(a.batch)
        with bf16():
            said = pooled(text, b.words)
        said = said.float()
        error = ((heads.code(said) - b.code).square() * b.known).sum(1) / b.known.sum(1)
        colour, look, several = far(heads.rest(said), b.rest)
        logits = torch.cat([heads.concept(said)[:, None], heads.things(said).unflatten(1, (SLOTS, -1))], 1)
        concept = F.cross_entropy(logits.flatten(0, 1), b.concepts.flatten(), label_smoothing=0.02)
        (error.mean() + 3 * colour + look + several + 0.1 * concept).backward()
        torch.nn.utils.clip_grad_norm_(run.params, 1.0)
        run.advance()
        scene, right = b.rest[:, 4] > 0.5, (logits.argmax(2) == b.concepts).float()
        seen.append(torch.stack([error[~scene].mean(), error[scene].mean(), colour, several, right[~scene, 0].mean(), right[scene].sum() / (b.concepts[scene] >= 0).sum()]).detach())
        if run.step % 50 == 0:
            m = torch.stack(seen[-50:]).nanmean(0).tolist()
            print(f"{run.step} {run.seconds():.0f}s code error {m[0]:.3f}, in scenes {m[1]:.3f}, colour {m[2]:.4f} several {m[3]:.4f} concept {m[4]:.3f}, in scenes {m[5]:.3f}", flush=True)
        if run.step % 200 == 0:
            run.save()
    if a.steps:
        run.save()
    if run.step:
        run.set(run.mean)
    solve(heads, text, source)
    torch.save({"clip": text.clip.state_dict(), "heads": heads.state_dict()}, a.work / "clip.pt")


if __name__ == "__main__":
    main()
