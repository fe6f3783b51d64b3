"""The memory, from the checkpoint of recall.py; without one, read back from the committed model."""

from pathlib import Path

import torch

import places
from config import CONFIG, MODEL, STYLES
from dataset import Pictures
from layout import BASIS, CLEAR, CODE, CONST, MEMORIES, ONE, PICTURE, PLACE, PLACES, TAKEN
from model import Text, transformer
from recall import SIDES, Recall, Targets
from recall import load as checkpoint


def load(work: Path, folder: Path = MODEL / "dev") -> tuple[Recall, Targets]:
    """The memory and what it was fitted to."""
    return checkpoint(work) if (work / "recall.pt").exists() else read(work, folder)


@torch.no_grad()
def read(work: Path, folder: Path) -> tuple[Recall, Targets]:
    """Units from the blocks that remember; codes as CLIP says them."""
    net, text, targets = transformer(folder), Text(folder), Targets(work, CONFIG["basis"])
    seen = [places.observe(net, text, side, side, net.single_transformer_blocks[0]) for side in SIDES]
    where = torch.cat([s[:, PLACE : PLACE + PLACES] / s.std(1, unbiased=False, keepdim=True) for s in seen])
    blocks = net.single_transformer_blocks[:MEMORIES]
    up, down = torch.cat([b.proj_mlp.weight for b in blocks]), torch.cat([b.proj_out.weight[:, -len(b.proj_mlp.weight) :] for b in blocks], 1)
    bias = torch.cat([b.proj_mlp.bias + b.proj_mlp.weight[:, CONST] for b in blocks])
    used = up[:, PLACE : PLACE + PLACES].abs().sum(1) > 0
    up, down, bias = up[used], down[:, used], bias[used]
    gates = up[:, PLACE : PLACE + PLACES]
    place = torch.cosine_similarity(gates[:, None], where[None], dim=2).argmax(1)
    memory = Recall(targets.goal.shape[1], CODE, torch.bincount(place, minlength=len(where)), targets.goal.shape[2])
    order = torch.cat([(place == p).nonzero()[:, 0] for p in memory.order])    # of units, as Recall has them
    outward = torch.cat([down[PICTURE : PICTURE + 64], down[CLEAR : CLEAR + BASIS]]).T
    memory.inward.copy_(up[order][:, TAKEN[:CODE]].T)
    memory.bias.copy_((bias + (gates * where[place]).sum(1))[order])
    memory.outward.copy_((outward @ targets.root)[order])
    memory.code.copy_(codes(net, text, work))
    return memory.requires_grad_(False), targets


def codes(net: torch.nn.Module, text: Text, work: Path, captions: int = 8) -> torch.Tensor:
    """What CLIP says of every picture, the middle of a few captions (pictures, CODE)."""
    pictures, listener = Pictures(work, 256, 0), net.time_text_embed.text_embedder
    shift = net.single_transformer_blocks[0].norm.linear
    size = torch.stack([shift.weight[channel, j] for j, channel in enumerate(TAKEN[:CODE])])
    offset = -torch.stack([shift.bias[channel] + shift.weight[channel, ONE] for channel in TAKEN[:CODE]]) / size
    rows = []
    for style in range(len(STYLES)):
        for concept in range(len(pictures.concepts)):
            said = text([pictures.words(style, concept, "white", 0.0) for _ in range(captions)])[1]
            rows.append(((listener(said)[:, :CODE] - offset) * size).median(0).values)
    return torch.stack(rows)
