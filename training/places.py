"""How a token of the written transformer learns where it stands: attention finds it, an MLP makes it exact.

Four heads weigh the caption's end mark against the token itself; rotary positions make the weights cos and sin of the
place, once for rows and once for columns. Pairs of hidden units then say on which half of the circle it is, for all halves, and
together they write a code of the row and one of the column: constants, whatever the layer norms and the caption do."""

import torch
from diffusers import FluxTransformer2DModel

from config import seeded
from layout import CONST, MARK, PLACE, PLACES, RAW, SHIFT, STRENGTH, exactly, rounded
from model import Text, positions

WAVES, SHARES = (0, 1, 2), (0.6, 0.25, 0.15)   # rotary frequencies that let a token find itself, and their parts
WAVE = 2                                       # the one that is read: 29 places are a turn
SPOTS = [(axis, turn) for axis in (0, 1) for turn in (0, 1)]   # turn: cos, sin
SHARP = 10.6 ** 0.5
FAR = 18                                       # remembered are a large grid, places 0..15, and a small one, FAR..FAR+7
TURN = 29                                      # places on the circle, nearly
LINES = range(28)                              # of these a token knows; scenes stand on those between and beside the grids, too
SIZE = 400.0                                   # of the attention's weights, as they are written
LOUD = 48.0                                    # size of the codes
BLOCK = 1                                      # the double block that does all this


def edge(attn) -> None:
    """Heads weigh the caption's end mark against the token itself: so no length and no size matters."""
    q, k = torch.zeros(64), torch.zeros(64)
    q[0] = 32**0.5
    for axis in (16, 40):
        for wave, share in zip(WAVES, SHARES):
            q[axis + 2 * wave] = (32 * share / 2) ** 0.5
            k[axis + 2 * wave] = (64 * share / 2) ** 0.5
    for layer in (attn.to_q, attn.to_k, attn.to_v, attn.add_q_proj, attn.add_k_proj, attn.add_v_proj):
        layer.weight.zero_(), layer.bias.zero_()
    attn.to_q.bias.copy_(q.repeat(4))
    attn.to_k.bias.copy_(k.repeat(4))
    for norm in (attn.norm_q, attn.norm_k, attn.norm_added_q, attn.norm_added_k):
        norm.weight.fill_(SHARP)


def find(net: FluxTransformer2DModel) -> None:
    """Four heads write cos and sin of each token's place, shifted as the end mark says."""
    attn, n = net.transformer_blocks[BLOCK].attn, len(SPOTS)
    edge(attn)
    reach = 1 / (SHARP**2 / 8 * (32 * SHARES[WAVES.index(WAVE)] / 2) ** 0.5)   # so that the weight's logit has amplitude 1
    for head, (axis, turn) in enumerate(SPOTS):
        pair = head * 64 + (16, 40)[axis] + 2 * WAVE
        key = attn.add_k_proj
        key.weight[head * 64, MARK], key.bias[head * 64] = 8, -8 * 4.0
        cos, sin = (SPOTS.index((axis, t)) for t in (0, 1))
        # cos(w (i + d)) = cos wi cos wd - sin wi sin wd, and sin(w (i + d)) = cos wi sin wd + sin wi cos wd
        for row, channel, sign in ((pair, cos, 1), (pair + 1, sin, -1)) if turn == 0 else ((pair, sin, 1), (pair + 1, cos, 1)):
            for first, side in ((SHIFT, 0.5), (SHIFT + n, -0.5)):
                key.weight[row, first + channel] = sign * side * reach * 12 / STRENGTH
        attn.add_v_proj.bias[head * 64] = 1
        for channel, sign in ((RAW + head, SIZE), (RAW + n + head, -SIZE)):
            attn.to_out[0].weight[channel, head * 64] = sign
            attn.to_out[0].bias[channel] = -sign / 2


def apart(count: int, width: int) -> torch.Tensor:
    """Unit vectors without a mean, pushed away from each other."""
    g = torch.Generator().manual_seed(7)
    x = torch.randn(count, width, generator=g, requires_grad=True)
    opt = torch.optim.Adam([x], lr=0.03)
    with torch.enable_grad():
        for _ in range(600):
            u = x - x.mean(1, keepdim=True)
            u = u / u.norm(dim=1, keepdim=True)
            alike = u @ u.T - 2 * torch.eye(count)
            loss = (20 * alike).logsumexp((0, 1))
            loss.backward()
            opt.step()
            opt.zero_grad()
    u = u.detach()
    print(f"place codes: at most {alike.max():.2f} alike")
    return u


def tell(net: FluxTransformer2DModel, text: Text) -> None:
    """The MLP: each unit pair is 8 on half of the circle of places, 14 of its 29, and together they sum up to codes.

    A half circle's chord passes near the centre, so it matters little how far cos and sin swing."""
    block, half = net.transformer_blocks[BLOCK], PLACES // 2
    linear, up, down = block.norm1.linear, block.ff.net[0].proj, block.ff.net[2]
    linear.bias.view(6, -1)[4, CONST], linear.bias.view(6, -1)[3, CONST] = -1, 1
    up.weight.zero_(), up.bias.zero_()
    seen = [observe(net, text, side, side, block.ff)[:, RAW : RAW + 8].view(side, side, 8) for side in (16, 8)]
    turn = 10000 ** (-2 * WAVE / 24)
    spots, unit = torch.arange(TURN), 0
    goal = torch.zeros(TURN, half)
    goal[: len(LINES)] = LOUD * apart(len(LINES), half)
    for axis in (0, 1):
        columns = [RAW + c for c in (2 * axis, 2 * axis + 1, 4 + 2 * axis, 5 + 2 * axis)]   # cos, sin, and both negated
        points = torch.cat([s.mean(1 - axis) for s in seen])[:, [c - RAW for c in columns[:2]]]
        a = torch.cat([2 * points, torch.ones(len(points), 1)], 1)
        *centre, rest = torch.linalg.lstsq(a, points.square().sum(1, keepdim=True)).solution[:, 0]
        centre = torch.stack(centre)
        radius = (rest + centre.square().sum()).sqrt()

        def at(place: torch.Tensor) -> torch.Tensor:
            return centre + radius * torch.stack([torch.cos(turn * place), torch.sin(turn * place)], -1)

        inside, rows = [], []
        for n in range(TURN):
            one, two = at(torch.tensor(n - 0.5)), at(torch.tensor(n + 13.5))
            toward = torch.stack([one[1] - two[1], two[0] - one[0]])
            toward = toward * ((at(torch.tensor(n + 6.5)) - one) @ toward).sign()
            value = (at(spots) - one) @ toward
            toward = rounded(toward * 9 / value.abs().min() / 2)
            inside.append(value > 0)
            rows.append((toward, (one @ toward * 2).item()))
        window = torch.stack(inside).float()                                   # (windows, places)
        out = rounded(torch.linalg.solve(window.T, goal) / 8)
        for (toward, middle), o in zip(rows, out):
            for lift, sign in ((4.0, 1), (-4.0, -1)):
                up.weight[unit, columns] = torch.cat([toward, -toward])
                exactly(up, unit, lift - middle, CONST)
                down.weight[PLACE + axis * half : PLACE + (axis + 1) * half, unit] = sign * o
                unit += 1
        print(f"axis {axis}: circle of {radius:.2f} about {centre.tolist()}, weights up to {out.abs().max():.1f}")


@torch.no_grad()
def observe(net: FluxTransformer2DModel, text: Text, h: int, w: int, module: torch.nn.Module) -> torch.Tensor:
    """What a module is given for the image tokens of an h x w grid (tokens, channels)."""
    seen = []
    hook = module.register_forward_pre_hook(lambda m, args, kw: seen.append(kw.get("hidden_states", args[0] if args else None)), with_kwargs=True)
    states, pooled = text(["3d emoji of dog"])
    x = torch.randn(1, h * w, 64, generator=seeded(0))
    net(hidden_states=x, encoder_hidden_states=states, pooled_projections=pooled, timestep=torch.ones(1), guidance=torch.full((1,), 3.5),
        img_ids=positions(h, w), txt_ids=torch.zeros(states.shape[1], 3))
    hook.remove()
    return seen[0][0, -h * w :]


class Codes:
    """The codes as observed, in units of the layer norm: of lines, rows and columns (TURN, PLACES / 2), and of places (TURN, TURN, PLACES)."""

    def __init__(self, net: FluxTransformer2DModel, text: Text, grids: list[tuple[int, int]], shift):
        half = PLACES // 2
        self.rows, self.columns, self.places = torch.zeros(TURN, half), torch.zeros(TURN, half), torch.zeros(TURN, TURN, PLACES)
        for h, w in grids:
            seen = observe(net, text, h, w, net.single_transformer_blocks[0])
            seen = (seen[:, PLACE : PLACE + PLACES] / seen.std(1, unbiased=False, keepdim=True)).view(h, w, PLACES)
            row, column = ((torch.arange(n) + by) % TURN for n, by in zip((h, w), shift(h, w)))
            self.rows[row], self.columns[column] = seen[..., :half].mean(1), seen[..., half:].mean(0)
            self.places[row[:, None], column] = seen                           # the norm differs a little from place to place

    def keys(self, rows: torch.Tensor, columns: torch.Tensor, gap: float) -> tuple[torch.Tensor, torch.Tensor]:
        """For each place a direction on the place channels, and its value there: on all other lines it falls lower by gap."""
        away = []
        for codes, own in ((self.rows, rows), (self.columns, columns)):
            value = codes[own] @ codes.T
            mine = value.gather(1, own[:, None])
            away.append((mine - value.scatter(1, own[:, None], -1e9)).min(1).values)
        where = self.places[rows, columns]
        gates = rounded(where * (gap / torch.minimum(*away))[:, None])
        print(f"keys: up to {gates.abs().max():.1f}")
        return gates, (gates * where).sum(1)
