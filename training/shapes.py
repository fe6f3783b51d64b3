"""How the written transformer fits a picture to a grid of tokens: it senses the grid and shifts the places.

Remembered are two sizes: 16x16 tokens at places 0..15, and 8x8 tokens at places FAR.. in both directions. A grid whose
short side is under 14 shows the small one in its middle, others the large one. The grid is sensed by the end mark:
its attention to the image tokens says how many there are, and how many in each direction."""

import math

import torch
from diffusers import FluxTransformer2DModel

from layout import AREA, MARK, RAW, SHAPE, SHIFT, STRENGTH, exactly, rounded
from model import Text, positions
from places import BLOCK, FAR, SIZE, SPOTS, WAVE, Codes, observe

N = len(SPOTS)
STEADY = SHIFT + 2 * N                         # a text channel that block 0's MLP finds at one
GRIDS = [(16, 16), (12, 21), (10, 24), (13, 19), (19, 13), (17, 14), (14, 17), (18, 14), (14, 18), (21, 12), (24, 10),
         (8, 8), (6, 11), (5, 12), (7, 10), (10, 7), (9, 7), (7, 9), (11, 6), (12, 5)]     # (rows, columns) of the presets
SINK = math.log(120)                           # the end mark's own weight in its attention, as so many tokens


def shift(h: int, w: int) -> tuple[int, int]:
    """What to add to rows and columns."""
    if min(h, w) >= 14:
        return math.floor((16 - h) / 2 + 0.5), math.floor((16 - w) / 2 + 0.5)
    return FAR - math.floor((h - 8) / 2), FAR - math.floor((w - 8) / 2)


def standing() -> tuple[torch.Tensor, torch.Tensor]:
    """Row and column of every remembered place of a thing alone."""
    spans = [range(16), range(FAR, FAR + 8)]
    spots = [(row, column) for span in spans for row in span for column in span]
    return tuple(torch.tensor(x) for x in zip(*spots))


def observed(net: FluxTransformer2DModel, text: Text) -> Codes:
    """The codes of all remembered places, each from the last of these grids that shows it."""
    return Codes(net, text, [(12, 21), (8, 8), (16, 16)], shift)


LOUDER = {g: 1.0 for g in GRIDS}               # what makes up for the layer norm that a grid's own sums pass through


def phases(h: int, w: int) -> torch.Tensor:
    """The place shifts of a grid, as SPOTS orders them."""
    angle = [d * 10000 ** (-2 * WAVE / 24) for d in shift(h, w)]
    return LOUDER[h, w] * STRENGTH * torch.tensor([math.cos(angle[axis]) if turn == 0 else math.sin(angle[axis]) for axis, turn in SPOTS])


def sense(net: FluxTransformer2DModel) -> None:
    """Block 0: three heads of the text's queries weigh image tokens against the end mark: by row, by column, evenly."""
    block = net.transformer_blocks[0]
    attn = block.attn
    block.norm1_context.linear.bias.view(6, -1)[2] = 1
    block.norm1_context.linear.bias.view(6, -1)[5] = 1
    for layer in (attn.to_q, attn.to_k, attn.to_v, attn.add_q_proj, attn.add_k_proj, attn.add_v_proj):
        layer.weight.zero_(), layer.bias.zero_()
    block.norm1_context.linear.bias.view(6, -1)[4, STEADY] = -1
    block.norm1_context.linear.bias.view(6, -1)[3, STEADY] = 1
    ratio = 2 / SINK
    mark, look = 8 / (1 + ratio**2) ** 0.5, 8 * ratio / (1 + ratio**2) ** 0.5
    for norm in (attn.norm_q, attn.norm_k, attn.norm_added_q, attn.norm_added_k):
        norm.weight.fill_((SINK / mark) ** 0.5)
    turn = 1.15 + math.pi / 2                  # the logit is 2 sin(0.1 (i - 11.5)): it grows with i
    for head in range(4):
        first = head * 64
        attn.add_k_proj.weight[first, MARK], attn.add_k_proj.bias[first] = 8, -32
        attn.add_q_proj.bias[first] = mark
        attn.to_v.bias[first] = 1
        pair = first + (16, 40, 2, 2)[head] + 2 * 3
        attn.to_k.bias[pair] = 8
        if head < 2:
            attn.add_q_proj.bias[pair], attn.add_q_proj.bias[pair + 1] = look * math.cos(turn), look * math.sin(turn)
        else:
            attn.add_q_proj.bias[first + 1] = look
    out = attn.to_add_out
    for sign, channel in ((1, 0), (-1, 1)):
        out.weight[SHAPE + channel, 0], out.weight[SHAPE + channel, 64] = 30 * sign, -30 * sign
        out.weight[AREA + channel, 128], out.bias[AREA + channel] = 15 * sign, -15 * 0.52 * sign


def sensed(net: FluxTransformer2DModel, text: Text) -> torch.Tensor:
    """(grids, captions, 2): shape and area as the text MLP of block 0 sees them at the end mark."""
    rows = []
    captions = ["3d emoji of dog", "a red apple, cartoon style, navy background", "", "flat emoji of smiling face with sunglasses on a sky blue background"]
    seen = []
    hook = net.transformer_blocks[0].norm2_context.register_forward_hook(lambda m, i, o: seen.append(o))
    states, pooled = text(captions)
    ids = text.t5_tokens(captions, padding="max_length", max_length=32, truncation=True, return_tensors="pt").input_ids
    ends = ids == text.t5_tokens.eos_token_id
    for h, w in GRIDS:
        net(hidden_states=torch.zeros(len(captions), h * w, 64), encoder_hidden_states=states, pooled_projections=pooled, timestep=torch.ones(len(captions)),
            guidance=torch.ones(len(captions)), img_ids=positions(h, w), txt_ids=torch.zeros(32, 3))
        n = seen.pop()[ends]
        rows.append(torch.stack([n[:, SHAPE] - n[:, SHAPE + 1], n[:, AREA] - n[:, AREA + 1]], 1) / 2)
    hook.remove()
    return torch.stack(rows)


def begin(net: FluxTransformer2DModel) -> None:
    """The shifts of the flattest small grid, from which the staircase climbs."""
    start = rounded(phases(*min((g for g in GRIDS if g[0] * g[1] < 128), key=lambda g: g[0] / g[1])))
    net.context_embedder.bias[SHIFT : SHIFT + N], net.context_embedder.bias[SHIFT + N : SHIFT + 2 * N] = start, -start


def settle(net: FluxTransformer2DModel, text: Text) -> None:
    """Decides, sees how far the places' cos and sin swing on each grid, and makes all grids swing alike."""
    singles, net.single_transformer_blocks = net.single_transformer_blocks, net.single_transformer_blocks[:1]   # the others only take time
    for last in (False, False, True):
        begin(net)                                                             # it is part of what the layer norm sees
        decide(net, sensed(net, text), last)
        swings = {g: swing(net, text, *g) for g in GRIDS}
        spread = [s / swings[16, 16] for s in swings.values()]
        print(f"places swing by {min(spread):.3f} to {max(spread):.3f} of the square's")
        if not last:
            for g in GRIDS:
                LOUDER[g] *= swings[16, 16] / swings[g]
    net.single_transformer_blocks = singles


def swing(net: FluxTransformer2DModel, text: Text, h: int, w: int) -> float:
    raw = observe(net, text, h, w, net.transformer_blocks[BLOCK].norm2)[:, RAW : RAW + N]
    logit = torch.logit(raw / SIZE + 0.5)                                      # an offset, and the rows' cos and sin; the columns'
    middle = logit.view(h, w, N).mean(1)[:, :2] if h > w else logit.view(h, w, N).mean(0)[:, 2:]
    a = torch.cat([2 * middle, torch.ones(len(middle), 1)], 1)                 # a circle through the points
    x, y, c = torch.linalg.lstsq(a, middle.square().sum(1, keepdim=True)).solution[:, 0].tolist()
    return (c + x * x + y * y) ** 0.5


def decide(net: FluxTransformer2DModel, seen: torch.Tensor, tell: bool) -> None:
    """Block 0's text MLP: a staircase over the shape for small grids, one for large ones, and a step between them."""
    begin(net)
    shape, area = seen.mean(1).T
    spread = (seen - seen.mean(1, keepdim=True)).abs().amax((0, 1))
    if tell:
        print(f"shape {shape.min():.2f}..{shape.max():.2f}, area {area.min():.2f}..{area.max():.2f}, captions move them by {spread[0]:.4f}, {spread[1]:.4f}")
    large = torch.tensor([h * w >= 128 for h, w in GRIDS])
    up, down = net.transformer_blocks[0].ff_context.net[0].proj, net.transformer_blocks[0].ff_context.net[2]
    up.weight.zero_(), up.bias.zero_(), down.weight.zero_(), down.bias.zero_()
    unit = 0

    def step(per_shape: float, per_area: float, bias: float, out: torch.Tensor) -> torch.Tensor:
        """gelu(x + 4) - gelu(x - 4) = 8 where x is large, 0 where it is far below. Returns what is really added."""
        nonlocal unit
        out = rounded(out / 8)
        for lift, sign in ((4.0, 1), (-4.0, -1)):
            for channel, s in ((0, 0.5), (1, -0.5)):
                up.weight[unit, SHAPE + channel], up.weight[unit, AREA + channel] = s * per_shape, s * per_area
            exactly(up, unit, bias + lift, STEADY)
            down.weight[SHIFT : SHIFT + N, unit] = sign * out
            down.weight[SHIFT + N : SHIFT + 2 * N, unit] = -sign * out
            unit += 1
        return out * 8

    now = rounded(net.context_embedder.bias[SHIFT : SHIFT + N])
    for group in (~large, large):
        order = [i for i in shape.argsort().tolist() if group[i]]
        middle = area[group].mean().item()
        if large[order[0]]:
            gap = (area[large].min() + area[~large].max()).item() / 2
            now = base + step(0, 40, -40 * gap, phases(*GRIDS[order[0]]) - base)
        else:
            base = now
        for at in range(1, len(order)):
            one, two = order[at - 1], order[at]
            if shift(*GRIDS[one]) == shift(*GRIDS[two]):
                continue
            after = torch.tensor(order[at:])
            before = torch.tensor([i for i in range(len(GRIDS)) if i not in order[at:]])
            best = (0.0, 0.0, 0.0)
            for tilt in torch.linspace(-12, 12, 481).tolist():                 # a line between what is before and after
                value = shape + tilt * area
                low, high = value[before].max().item(), value[after].min().item()
                best = max(best, ((high - low) / (1 + 0.2 * abs(tilt)), tilt, (high + low) / 2))
            gap, tilt, middle = best
            if gap < 0.05:
                if tell:
                    print(f"  {GRIDS[one]} and {GRIDS[two]} cannot be told apart: one place off")
                continue
            slope = 80 / (gap * (1 + 0.2 * abs(tilt)))
            along, across = (rounded(torch.tensor(x / 2)).item() * 2 for x in (slope, slope * tilt))
            value = along * shape + across * area
            middle = (value[before].max() + value[after].min()).item() / 2
            now = now + step(along, across, -middle, phases(*GRIDS[two]) - now)
            if tell:
                print(f"  {GRIDS[one]} -> {GRIDS[two]}: gap {gap:.3f} tilt {tilt:.2f} slope {slope:.0f}")
