"""The memory, from the checkpoint of recall.py; without one, read back from the committed model."""

from pathlib import Path

import torch

import places
import shapes
import slots
from config import CONFIG, MODEL, STYLES
from dataset import Pictures
from latents import Map
from layout import ALONE, BASIS, CLEAR, CODE, CONST, FLAG, MEMORIES, ONE, PICTURE, PLACE, PLACES, TAKEN
from model import Text, transformer
from recall import Recall, Targets
from recall import load as fitted


def load(work: Path, folder: Path = MODEL / "dev") -> tuple[Recall, list[Recall], Targets]:
    """The memory of things alone, those of a scene's things from left to right, and what the first was fitted to."""
    return fitted(work) if (work / "recall.pt").exists() and (work / "things.pt").exists() else read(work, folder)


@torch.no_grad()
def read(work: Path, folder: Path) -> tuple[Recall, list[Recall], Targets]:
    """Units from the blocks that remember; codes as CLIP says them."""
    net, text, targets = transformer(folder), Text(folder), Targets(work, CONFIG["basis"])
    seen = shapes.observed(net, text)
    alone = units(net, range(ALONE), slice(0, 1), shapes.standing(), TAKEN[:CODE], seen, targets)
    goal, corners = targets.things(work, Map(MODEL / "dev/vae/preview.safetensors")), len(slots.CORNERS)
    things = []
    for slot in range(slots.SLOTS):                                            # a thing's units are there once for each corner
        group, channels = slice(slot * corners, slots.SLOTS * corners), TAKEN[slots.part(slot)]
        things.append(units(net, range(ALONE, MEMORIES), group, slots.lines(slots.CORNERS[0], slot), channels, seen, goal))
    for memory, said in zip((alone, *things), codes(net, text, work)):
        memory.code.copy_(said)
        memory.size.copy_(said.square().mean().sqrt())
    return alone.requires_grad_(False), [m.requires_grad_(False) for m in things], targets


def units(net: torch.nn.Module, blocks: range, group: slice, where: tuple[torch.Tensor, torch.Tensor], channels: list[int], seen: places.Codes, t: Targets) -> Recall:
    """A group of units in these blocks, as memory.py has written them; codes are still missing. group: which one, of how many."""
    up = torch.cat([net.single_transformer_blocks[n].proj_mlp.weight for n in blocks])
    bias = torch.cat([net.single_transformer_blocks[n].proj_mlp.bias for n in blocks]) + up[:, CONST]
    down = torch.cat([net.single_transformer_blocks[n].proj_out.weight[:, -len(up) // len(blocks) :] for n in blocks], 1)
    used = (up[:, PLACE : PLACE + PLACES].abs().sum(1) > 0).nonzero()[:, 0]
    many = len(used) // group.stop
    used = used[group.start * many : (group.start + 1) * many]
    up, down, bias = up[used], down[:, used], bias[used]
    gates, at = up[:, PLACE : PLACE + PLACES], seen.places[where]
    place = torch.cosine_similarity(gates[:, None], at[None], dim=2).argmax(1)
    memory = Recall(t.goal.shape[1], len(channels), torch.bincount(place, minlength=len(at)), t.goal.shape[2])
    order = torch.cat([(place == p).nonzero()[:, 0] for p in memory.order])    # of units, as Recall has them
    opens = (up[:, TAKEN[CODE : CODE + 2]].sum(1) * FLAG).clamp_min(0)         # each unit reads one flag
    memory.inward.copy_(up[order][:, channels].T)
    memory.bias.copy_((bias + (gates * at[place]).sum(1) + opens)[order])
    memory.outward.copy_((torch.cat([down[PICTURE : PICTURE + 64], down[CLEAR : CLEAR + BASIS]]).T @ t.root)[order])
    return memory


def codes(net: torch.nn.Module, text: Text, work: Path, captions: int = 8) -> list[torch.Tensor]:
    """What CLIP says of every picture, the middle of a few captions: alone (pictures, CODE), and as each thing of a scene (pictures, slots.WIDTH)."""
    pictures, listener = Pictures(work, 256, 0), net.time_text_embed.text_embedder
    shift = net.single_transformer_blocks[0].norm.linear
    size = torch.stack([shift.weight[channel, j] for j, channel in enumerate(TAKEN[:CODE])])
    offset = -torch.stack([shift.bias[channel] + shift.weight[channel, ONE] for channel in TAKEN[:CODE]]) / size

    def said(words: list[str]) -> torch.Tensor:
        return ((listener(text(words)[1])[:, :CODE] - offset) * size).median(0).values

    rows, parts = [], [[] for _ in range(slots.SLOTS)]
    for style in range(len(STYLES)):
        for concept in range(len(pictures.concepts)):
            rows.append(said([pictures.words(style, concept, "white", 0.0) for _ in range(captions)]))
            for slot in range(slots.SLOTS):
                scenes = [pictures.random.sample(range(len(pictures.concepts)), slots.SLOTS) for _ in range(captions)]
                things = [[*row[:slot], concept, *row[slot + 1 :]] for row in scenes]
                parts[slot].append(said([pictures.scene(style, row, "white", pictures.random) for row in things])[slots.part(slot)])
    return [torch.stack(x) for x in (rows, *parts)]
