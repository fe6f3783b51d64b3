"""Fits the things of scenes again, to their codes as CLIP says them, and then both together: CLIP learns which codes give the right pictures.

CLIP cannot say the first codes exactly: where the style is named last, it has to make all things' codes at the end, out of what it has kept of
them. Each place of a scene gets units of its own, because CLIP does not say the same of a thing on the left and on the right."""

import copy

import torch

import captions
import slots
from config import MODEL, STYLES, bf16
from dataset import Pictures
from latents import Map
from layout import WIDTH
from model import Text
from recall import Recall, Targets, checkpoint, fit, judge, options, settle
from remembered import load
from runs import Run
from textpre import Captions, Readout, far, optimisers, pooled, trained


@torch.no_grad()
def listen(text: Text, heads: dict, pictures: Pictures, rounds: int) -> torch.Tensor:
    """Codes of all things as captions of two and three make CLIP say them (SLOTS, rounds, pictures, slots.WIDTH)."""
    r, concepts = pictures.random, len(pictures.concepts)
    out = torch.zeros(slots.SLOTS, rounds, len(STYLES), concepts, slots.WIDTH)
    for k in range(rounds):
        for style in range(len(STYLES)):
            rows = [r.sample(range(concepts), concepts) for _ in range(slots.SLOTS)]
            counts = [2 + (r.random() < 0.6) for _ in range(concepts)]
            said = [[rows[slot][n] for slot in slots.SHOWN[count]] for n, count in enumerate(counts)]
            both = []
            for things in (said, [list(x) for x in zip(*rows)]):               # some of two; the middle one is told only by three
                words = [pictures.scene(style, row, captions.colour(r), r) for row in things]
                both.append((pooled(text, words) @ heads["code.weight"].T + heads["code.bias"]).unflatten(1, (slots.SLOTS, -1)))
            for slot in range(slots.SLOTS):
                out[slot, k, style, rows[slot]] = both[slot == 1][:, slot]
    return out.flatten(2, 3)


class Together(torch.nn.Module):
    """CLIP, its heads, and the units of a scene's things."""

    def __init__(self, text: Text, heads: Readout, things: list[Recall], t: Targets, empty: float, rivals: float):
        """empty, rivals: as recall.py weighs errors."""
        super().__init__()
        self.clip, self.heads, self.things = text.clip, heads, torch.nn.ModuleList(things)
        spread = (t.goal - t.goal.mean(1, keepdim=True)).square().sum((0, 2)).mean()
        self.goal, self.weight, self.rivals, self.concepts = t.goal, t.emphasis(empty) / spread, rivals, t.shape[1]
        self.apart = t.apart()

    def missed(self, code: torch.Tensor, which: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The share of a picture's variance that is missed, and how far that leans towards the same thing in other styles, over all things
        of scenes. which: pictures (n, SLOTS), -1 for none."""
        parts, errors = code.unflatten(1, (slots.SLOTS, -1)), []
        for slot, memory in enumerate(self.things):
            rows = (which[:, slot] >= 0).nonzero()[:, 0]
            index = which[rows, slot]
            y = memory.everywhere(parts[rows, slot])
            off = y - self.goal[:, index]
            leans = [(off * (self.goal[:, (index + (k + 1) * self.concepts) % len(apart)] - self.goal[:, index])).sum((0, 2)) / apart[index] for k, apart in enumerate(self.apart)]
            errors.append(torch.stack([(off.square() * self.weight[:, index]).sum((0, 2)), sum(lean.square() for lean in leans)], 1))
        both = torch.cat(errors).mean(0)
        return both[0], self.rivals * both[1]


def train(net: Together, text: Text, source: Captions, a) -> None:
    """Singles are held at their codes; scenes learn by their pictures."""
    units = [q for m in net.things for q in (m.inward, m.bias, m.outward)]
    opts = [*optimisers(torch.nn.ModuleDict({"clip": net.clip, "heads": net.heads}), a.clip_rate), torch.optim.Adam(units, lr=a.clip_rate, betas=(0.9, 0.98), fused=True)]
    run, seen = Run(a.work / "together.pt", net, opts, 10**6, a.together, 0.998), []
    if run.load():
        source.pictures.random.seed(a.seed + run.step)
    concepts = len(source.pictures.concepts)
    while run.used() < 1:
        run.pace(50)
        b = source.draw(128)
        with bf16():
            said = pooled(text, b.words)
        said = said.float()
        code, scene = net.heads.code(said), b.rest[:, 4] > 0.5
        single = (code - b.code)[~scene].square().mean()
        which = torch.where(b.concepts[scene, 1:] >= 0, b.concepts[scene, 1:] + concepts * b.style[scene, None], -1)
        missed, leaning = net.missed(code[scene], which)
        colour, look, several = far(net.heads.rest(said), b.rest)
        (2 * single + missed + leaning + 3 * colour + look + several).backward()
        torch.nn.utils.clip_grad_norm_(run.params, 1.0)
        run.advance()
        seen.append(torch.stack([single, missed, leaning, colour, look, several]).detach())
        if run.step % 50 == 0:
            m = torch.stack(seen[-50:]).mean(0).tolist()
            print(f"{run.step} {run.seconds():.0f}s code error {m[0]:.4f}, missed of scenes {m[1]:.4f}, to other styles {m[2]:.4f}, background {m[3]:.5f}, trigger {m[4]:.5f}, how many {m[5]:.5f}", flush=True)
        if run.step % 200 == 0:
            run.save()
    run.save()
    run.set(run.mean)


def main() -> None:
    p = options(__doc__)
    p.add_argument("--rounds", type=int, default=24, help="captions for each thing at each place")
    p.add_argument("--clip-rate", type=float, default=1e-3, help="of the training together")
    p.add_argument("--together", type=float, default=42, help="minutes of it")
    p.add_argument("--loose", type=float, default=0.6, help="share of captions as people write them, among those of one thing")
    p.add_argument("--scenes", type=float, default=0.5, help="share of captions of two or three things, over 0 and under 1")
    p.set_defaults(steps=8000, rate=8e-3)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    pictures, text = Pictures(a.work, 128, a.seed), Text(MODEL / "dev")
    known = trained(text, a.work / "clip.pt")
    memory, things, whole = load(a.work)
    t, paths, first = whole.things(a.work, Map(MODEL / "dev/vae/preview.safetensors")), [a.work / f"heard{slot}.pt" for slot in range(slots.SLOTS)], things[0]
    if (a.work / "things.pt").exists() and not all(path.exists() for path in paths):
        for path, said in zip(paths, listen(text, known, pictures, a.rounds)):
            net = copy.deepcopy(first).requires_grad_(True)
            print(f"{path.stem}: " + settled(net, said) + f", from the goal by {(said - first.codes()).square().mean().sqrt():.3f}")
            fit(net, t, a, path.with_stem(f"hearing{path.stem[-1]}"), lambda these, r: said[torch.randint(len(said), (len(these),), generator=r), these])
            torch.save({"net": net.state_dict(), "counts": net.counts}, path)
        things = [checkpoint(path, t) for path in paths]
    codes = [x.unflatten(0, pictures.zr.shape[:2]) for x in (memory.codes(), torch.stack([m.codes() for m in things], 1))]
    things = [m.requires_grad_(True) for m in things]
    heads = Readout(WIDTH, codes[0].shape[-1], len(pictures.concepts))
    heads.load_state_dict(known)
    net = Together(text, heads, things, t, a.empty, a.rivals)
    train(net, text, Captions(pictures, *codes, 0.2, a.loose, a.scenes), a)
    torch.save({"clip": text.clip.state_dict(), "heads": heads.state_dict()}, a.work / "clip_heard.pt")
    for path, said, memory in zip(paths, listen(text, heads.state_dict(), pictures, a.rounds), things):
        print(f"{path.stem}: " + settled(memory, said))
        settle(memory, t, said, t.emphasis(a.empty)[..., 0])
        print("exact", judge(memory, t, memory.codes()), "as said", judge(memory, t, said[0]))
        torch.save({"net": memory.state_dict(), "counts": memory.counts}, path)


@torch.no_grad()
def settled(net: Recall, said: torch.Tensor) -> str:
    """The codes as they are said."""
    mean = said.mean(0)
    net.code.requires_grad_(False).copy_(mean)
    net.size.copy_(mean.square().mean().sqrt())
    return f"codes of {net.size:.3f}, captions differ by {(said - mean).square().mean().sqrt():.3f}"


if __name__ == "__main__":
    main()
