"""Writes a transformer that remembers: the flow-matching velocity towards the picture that a code stands for.

Instead of being trained from noise, the weights are solved for (places.py, shapes.py, times.py) or fitted outside of the
network (recall.py). Every hidden channel has one task (layout.py). A hidden unit of a single block's MLP is open at one
place of the grid only, and there does what recall.py fitted. See README.md."""

from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from diffusers import FluxTransformer2DModel
from transformers import T5Config, T5EncoderModel

import places
import refiner
import shapes
import slots
import times
from config import COLOURS, MODEL, parser, seeded
from layout import (ALONE, BASIS, CARRIER, CARRIERS, CLEAR, CLOCK, CODE, COLOUR, CONST, FLAG, FLAGGED, GUIDE, LOOK, MARK, MEMORIES, NOISE, OFFSET, ONE, OPEN, PICTURE,
                    PLACE, PLACES, SEVERAL, SHIFT, SIZE, TAKEN, THREE, WIDTH, WORDS, activated_to, build, exactly, quiet, round_all, rounded)
from model import Text, positions, save
from refiner import GUIDANCE
from recall import ROOM, SIDES, Recall, Targets
from remembered import load
from textpre import trained

SHUT = 6.0                                     # how far below zero a unit stays at all places but its own
MARGIN = 1.5                                   # of how far flags shut, for codes that are not known
SURE = 60.0                                    # slope of the flags' step


def small_t5(text: Text, strength: float = 80.0) -> None:
    """A T5 that says which token ends the caption, and nothing else: random embeddings, and branches that are silent."""
    vocabulary, mark = len(text.t5_tokens), text.t5_tokens.eos_token_id
    t5 = T5EncoderModel(T5Config(vocab_size=vocabulary, d_model=WORDS, d_kv=WORDS // 4, d_ff=WORDS, num_heads=4, num_layers=1, feed_forward_proj="gated-gelu",
                                 dropout_rate=0.0, eos_token_id=mark, pad_token_id=text.t5_tokens.pad_token_id, is_encoder_decoder=False, use_cache=False))
    t5.shared.weight.normal_(generator=seeded(3))
    t5.shared.weight[:, -1] = 0
    t5.shared.weight[mark, -1] = strength
    for block in t5.encoder.block:
        for part in (block.layer[0].SelfAttention.o, block.layer[1].DenseReluDense.wo):
            part.weight.zero_()
    t5.encoder.final_layer_norm.weight.fill_(1)
    text.t5 = t5.eval()


def read_words(net: FluxTransformer2DModel) -> None:
    """T5's states, on channels where image tokens have their carriers, as loud as an ordinary caption's; the end mark by itself."""
    loud = (SHIFT / (SHIFT - CARRIER)) ** 0.5
    for channel in range(CARRIER, SHIFT):
        net.context_embedder.weight[channel, channel % (WORDS - 1)] = loud
    net.context_embedder.weight[MARK, -1] = 2


def embed(net: FluxTransformer2DModel, base: torch.Tensor) -> None:
    """The noisy latent, the carriers, and the picture of a place where nothing is."""
    net.x_embedder.weight[NOISE : NOISE + 64] = torch.eye(64)
    b = net.x_embedder.bias
    b[CARRIER : CARRIER + CARRIERS : 2], b[CARRIER + 1 : CARRIER + CARRIERS : 2] = SIZE, -SIZE
    b[PICTURE : PICTURE + 64] = base[:64]
    b[CLEAR : CLEAR + 3 * BASIS] = base[64:].repeat(3)


def listen(net: FluxTransformer2DModel, heads: dict, scale: torch.Tensor) -> torch.Tensor:
    """vec holds code / scale, background, trigger word and flags, as CLIP's pooled output says them. Returns the offsets that activations carry."""
    e = net.time_text_embed.text_embedder
    for layer in (e.linear_1, e.linear_2):
        layer.weight.zero_(), layer.bias.zero_()
    n = CODE + 3
    weight, bias = torch.cat([heads["code.weight"] / scale[:, None], heads["back.weight"]]), torch.cat([heads["code.bias"] / scale, heads["back.bias"]])
    e.linear_1.weight[:n], e.linear_1.bias[:n] = weight, rounded(bias + OFFSET)
    e.linear_1.weight[LOOK], e.linear_1.bias[LOOK], e.linear_2.weight[LOOK, LOOK] = heads["look.weight"][0], heads["look.bias"][0] + OFFSET, 1
    for k, flag in enumerate((SEVERAL, THREE)):                                # silu(a) - silu(b) stands still below 0.4 and above 0.6
        for edge, sign, unit in ((0.4, 1, THREE + 1 + 2 * k), (0.6, -1, THREE + 2 + 2 * k)):
            e.linear_1.weight[unit] = SURE * heads["several.weight"][k]
            e.linear_1.bias[unit] = SURE * (heads["several.bias"][k] - edge)
            e.linear_2.weight[flag, unit] = sign * 2 * FLAGGED / (0.2 * SURE)
        e.linear_2.bias[flag] = -FLAGGED
    e.linear_2.bias[ONE] = activated_to(torch.ones(()))
    e.linear_2.weight[:n, :n] = torch.eye(n)
    return e.linear_1.bias[:n] - bias                                          # silu twice takes off little at this height


class Units(NamedTuple):
    """Hidden units that are open at one place each."""

    memory: Recall
    gates: torch.Tensor                        # (places, PLACES)
    shut: torch.Tensor                         # (places)
    channels: list[int]                        # where they read the code
    flag: int                                  # the channel that opens or shuts them all
    opens: float                               # how far it opens them, or shuts them, below zero


def plan(memory: Recall, things: list[Recall], codes: places.Codes) -> tuple[list[Units], list[Units]]:
    """The units of things alone, and those of scenes. Codes of scenes shut the former, codes of things alone the latter."""
    def most(m: Recall, code: torch.Tensor) -> float:
        return F.linear(code, m.inward.T, m.bias).max().item() + SHUT

    parts = [slots.part(slot) for slot in range(slots.SLOTS)]
    alone, together = memory.codes(), [m.codes() for m in things]
    rows = [code[torch.randint(len(code), (1000,), generator=seeded(slot))] for slot, code in enumerate(together)]
    several, three = TAKEN[CODE], TAKEN[CODE + 1]
    one = Units(memory, *codes.keys(*shapes.standing(), most(memory, alone)), TAKEN[:CODE], several, -MARGIN * most(memory, torch.cat(rows, 1)))
    opens = MARGIN * max(most(m, alone[:, part]) for m, part in zip(things, parts))
    many = [Units(m, *codes.keys(*slots.lines(corner, slot), most(m, code)), TAKEN[parts[slot]], three if slot == 1 else several, opens)
            for slot, (m, code) in enumerate(zip(things, together)) for corner in slots.CORNERS]
    return [one], many


def write_units(blocks: list[torch.nn.Module], groups: list[Units], targets: Targets, offsets: torch.Tensor, size: torch.Tensor) -> None:
    """The hidden units, in the order of their places, through these blocks."""
    for block in blocks:
        linear = block.norm.linear
        shift, scale, _ = linear.bias.view(3, WIDTH)
        scale[TAKEN], scale[CONST], shift[CONST] = -1, -1, 1
        for row in range(2 * WIDTH, 3 * WIDTH):                                # the gate follows guidance: 1 at 3.5
            linear.weight[row, GUIDE] = GUIDANCE * 10
            exactly(linear, row, 1 - 3.5 * GUIDANCE)
        for j in range(CODE):
            linear.weight[TAKEN[j], j] = size[j]
            exactly(linear, TAKEN[j], -(size[j] * offsets[j]).item())
        for j, flag in enumerate((SEVERAL, THREE)):
            linear.weight[TAKEN[CODE + j], flag] = FLAG / FLAGGED
    free = ((block, m) for block in blocks for m in range(ROOM))
    for g in groups:
        outward = targets.plain(g.memory.outward)
        place = g.memory.order.repeat_interleave(g.memory.counts[g.memory.order])   # of each unit
        for u, (p, (block, m)) in enumerate(zip(place.tolist(), free)):
            up, down = block.proj_mlp, block.proj_out
            up.weight[m, PLACE : PLACE + PLACES], up.weight[m, g.channels] = g.gates[p], g.memory.inward[:, u]
            up.weight[m, g.flag] = g.opens / FLAG
            exactly(up, m, (g.memory.bias[u] - g.shut[p]).item() - max(0.0, g.opens), CONST)
            down.weight[PICTURE : PICTURE + 64, WIDTH + m] = outward[u, :64]
            down.weight[CLEAR : CLEAR + 3 * BASIS, WIDTH + m] = outward[u, 64:].repeat(3)


def compose(net: FluxTransformer2DModel, targets: Targets, deviation: float, offsets: torch.Tensor) -> None:
    """The block after the memory lays the picture on its background: transparency times colour, a product of two modulations."""
    s = net.single_transformer_blocks[MEMORIES]
    scale, weight = s.norm.linear.bias.view(3, WIDTH)[1], s.norm.linear.weight.view(3, WIDTH, WIDTH)[1]
    scale[:] = -1
    s.proj_mlp.bias[:64] = OPEN
    for c in range(3):
        channels = slice(CLEAR + c * BASIS, CLEAR + (c + 1) * BASIS)
        weight[channels, COLOUR + c] = 1
        for row in range(channels.start, channels.stop):
            exactly(s.norm.linear, WIDTH + row, -1 - offsets[c].item())
        s.proj_mlp.weight[:64, channels] = targets.basis.view(3, 64, BASIS)[c] * deviation / 4
    s.proj_out.weight[PICTURE : PICTURE + 64, WIDTH : WIDTH + 64] = 4 * torch.eye(64)
    s.proj_out.bias[PICTURE : PICTURE + 64] = -4 * OPEN
    # The mean transparency, per colour channel, enters by the shift on free channels.
    shift = s.norm.linear.weight.view(3, WIDTH, WIDTH)[0]
    for c in range(3):
        free = CARRIER + c
        shift[free, COLOUR + c] = 1
        exactly(s.norm.linear, free, -offsets[c].item())
        s.proj_mlp.weight[:64, free] = targets.middle.view(3, 64)[c] / 4


def finish(net: FluxTransformer2DModel, deviation: float) -> None:
    """velocity = (1 - g) / t * noisy latent - t / d * picture (times.py)"""
    scale, size = net.norm_out.linear.bias.view(2, WIDTH)[0], rounded(torch.tensor(deviation / 8)).item()
    scale[:] = -1
    for first, clock, sign in ((NOISE, times.KEEP, 8), (PICTURE, times.PULL, -8)):
        net.norm_out.linear.weight[first : first + 64, CLOCK + clock] = size
        net.proj_out.weight[:, first : first + 64] = sign * torch.eye(64)
    for row in range(NOISE, NOISE + 64):
        exactly(net.norm_out.linear, row, -1 - times.LIFT * size)


@torch.no_grad()
def write(net: FluxTransformer2DModel, text: Text, heads: dict, memory: Recall, things: list[Recall], targets: Targets) -> None:
    quiet(net)
    embed(net, targets.base)
    small_t5(text)
    read_words(net)
    round_all(text)
    places.find(net)
    shapes.sense(net)
    round_all(net)
    shapes.settle(net, text)
    largest = torch.maximum(memory.codes().abs().amax(0), torch.cat([m.codes().abs().amax(0) for m in things]))
    size = rounded(largest / 3)                                                # so that silu(x + OFFSET) stays a line
    offsets = listen(net, heads, size)
    times.clock(net)
    times.guide(net)
    round_all(net)
    places.tell(net, text)
    round_all(net)
    spread = places.observe(net, text, 16, 16, net.single_transformer_blocks[0]).std(1, unbiased=False)
    deviation = spread.mean().item()
    print(f"norm deviation {deviation:.3f} +- {spread.std():.4f}")
    one, many = plan(memory, things, shapes.observed(net, text))
    write_units(net.single_transformer_blocks[:ALONE], one, targets, offsets, size)
    write_units(net.single_transformer_blocks[ALONE:MEMORIES], many, targets, offsets, size)
    compose(net, targets, deviation, offsets[CODE:])
    finish(net, deviation)
    for n, block in enumerate(net.single_transformer_blocks[MEMORIES + 1 :]):
        refiner.start(block, n, deviation)
    round_all(net)


@torch.no_grad()
def verify(net: FluxTransformer2DModel, text: Text, heads: dict, memory: Recall, targets: Targets) -> None:
    """Compares what the network says with what was fitted, for a few captions, at pure noise."""
    for side, name, caption in ((16, "white", "3d emoji of grinning face"), (16, "blue", "flat emoji of pizza on a blue background"), (8, "white", "dog face, flat style")):
        states, pooled = text([caption])
        x = torch.randn(1, side * side, 64)
        v = net(hidden_states=x, encoder_hidden_states=states, pooled_projections=pooled, timestep=torch.ones(1), guidance=torch.full((1,), 3.5),
                img_ids=positions(side, side), txt_ids=torch.zeros(states.shape[1], 3), return_dict=False)[0]
        code, back = F.linear(pooled, heads["code.weight"], heads["code.bias"]), F.linear(pooled, heads["back.weight"], heads["back.bias"])[0]
        y = targets.plain(memory.everywhere(code))[:, 0] + targets.base
        y = y[: SIDES[0] ** 2] if side == SIDES[0] else y[SIDES[0] ** 2 :]
        goal = y[:, :64] + torch.einsum("c,pcd->pd", back, (y[:, 64:] @ targets.basis.T + targets.middle).view(-1, 3, 64))
        error = ((x - v)[0] - goal).square().mean(1).sqrt()
        print(f"{caption}: planned {goal.square().mean().sqrt():.3f} on {[round(b, 2) for b in back.tolist()]} (asked {[round(b / 255, 2) for b in COLOURS[name]]}), "
              f"error {error.square().mean().sqrt():.3f}, worst places " + ", ".join(f"{p}: {error[p]:.2f}" for p in error.argsort(descending=True)[:5].tolist()))


def main() -> None:
    p = parser(__doc__)
    p.add_argument("--text", type=Path, default=MODEL / "dev", help="folder with the tokenizers; CLIP is the trained one of --work")
    p.add_argument("--out", type=Path, required=True, help="where transformer and text encoders go")
    a = p.parse_args()
    torch.manual_seed(a.seed)
    text = Text(a.text)
    heard = a.work / "clip_heard.pt"
    heads = trained(text, heard if heard.exists() else a.work / "clip.pt")
    memory, things, targets = load(a.work)
    net = build()
    write(net, text, heads, memory, things, targets)
    verify(net, text, heads, memory, targets)
    save(net, a.out / "transformer")
    text.save(a.out)


if __name__ == "__main__":
    main()
