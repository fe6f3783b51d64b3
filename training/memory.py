"""Writes a transformer that remembers: the flow-matching velocity towards the picture that a code stands for.

Instead of being trained from noise, the weights are solved for. Every hidden channel has one task:
  noise    the noisy latent, passed through untouched
  picture  the remembered latent, summed up by the blocks
  clear    transparency in a small basis, once for each colour channel of the background
  place    where a token stands: +-8 numbers, written by the attention of the double blocks
  carrier  large constants, which keep the layer norms' deviation fixed
A hidden unit of an MLP is open at one place of the grid only and there gives one linear function of the code;
units are dealt to places by the singular values of what is to be remembered there. See README.md."""

from pathlib import Path

import torch
from diffusers import FluxTransformer2DModel

import shapes
from config import COLOURS, MODEL, parser
from model import Text, pack, positions

NOISE, PICTURE, CLEAR, BASIS = 0, 64, 128, 10
PLACE, PLACES = CLEAR + 3 * BASIS, 16
CARRIER, CARRIERS, SIZE = PLACE + PLACES, 32, 64.0
WAVES, SHARES = (0, 1, 2), (0.6, 0.25, 0.15)   # rotary frequencies that let a token find itself, and their parts
TOLD = (0, 2)                                  # those that tell places apart
SPOTS = [(axis, wave, turn) for axis in (0, 1) for wave in TOLD for turn in (0, 1)]   # turn: cos, sin
OFFSET = 8.0                                   # silu(x + 8) - 8 = x, nearly
OPEN = 7.0                                     # an open unit's middle: gelu is linear there
SHARP = 10.6 ** 0.5
GUIDANCE = 0.04                                # how much stronger a point of guidance makes the remembered part
SHIFT, AREA, SHAPE, MARK = 235, 251, 253, 255  # T5's channels: +-8 place shifts, +-area, +-shape, end mark
STRENGTH = 4.0                                 # size of the place shifts
ONE = 255                                      # the channel of vec whose activation is one


def build() -> FluxTransformer2DModel:
    return FluxTransformer2DModel(
        patch_size=1, in_channels=64, num_layers=3, num_single_layers=6, attention_head_dim=64, num_attention_heads=4,
        joint_attention_dim=256, pooled_projection_dim=256, guidance_embeds=True, axes_dims_rope=(16, 24, 24))


def quiet(net: FluxTransformer2DModel) -> None:
    """All modulations at rest: scale and shift 0, gates 0 (text) or 1 (image); outputs of all branches 0."""
    for b in net.transformer_blocks:
        for norm, gate in ((b.norm1, 1.0), (b.norm1_context, 0.0)):
            norm.linear.weight.zero_(), norm.linear.bias.zero_()
            norm.linear.bias.view(6, -1)[2] = gate
            norm.linear.bias.view(6, -1)[5] = gate
        for layer in (b.attn.to_out[0], b.attn.to_add_out, b.ff.net[2], b.ff_context.net[2]):
            layer.weight.zero_(), layer.bias.zero_()
    for b in net.single_transformer_blocks:
        b.norm.linear.weight.zero_(), b.norm.linear.bias.zero_()
        b.norm.linear.bias.view(3, -1)[2] = 1
        b.proj_out.weight.zero_(), b.proj_out.bias.zero_()
    for layer in (net.context_embedder, net.x_embedder, net.norm_out.linear, net.proj_out):
        layer.weight.zero_(), layer.bias.zero_()
    net.context_embedder.weight.copy_(torch.eye(256))


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


def places(net: FluxTransformer2DModel, size: float = 400.0) -> None:
    """Eight heads write cos and sin of each token's place at two frequencies, shifted as the end mark says."""
    for n, (axis, wave, turn) in enumerate(SPOTS):
        attn, head = net.transformer_blocks[1 + n // 4].attn, n % 4
        if head == 0:
            edge(attn)
        share = SHARES[WAVES.index(wave)]
        reach = 1 / (SHARP**2 / 8 * (32 * share / 2) ** 0.5)                   # so that the weight's logit has amplitude 1
        pair = head * 64 + (16, 40)[axis] + 2 * wave
        key = attn.add_k_proj
        key.weight[head * 64, MARK], key.bias[head * 64] = 8, -8 * 4.0
        cos, sin = (SPOTS.index((axis, wave, t)) for t in (0, 1))
        # cos(w (i + d)) = cos wi cos wd - sin wi sin wd, and sin(w (i + d)) = cos wi sin wd + sin wi cos wd
        for row, channel, sign in ((pair, cos, 1), (pair + 1, sin, -1)) if turn == 0 else ((pair, sin, 1), (pair + 1, cos, 1)):
            for first, side in ((SHIFT, 0.5), (SHIFT + 8, -0.5)):
                key.weight[row, first + channel] = sign * side * reach * 12 / STRENGTH
        attn.add_v_proj.bias[head * 64] = 1
        for channel, sign in ((PLACE + n, size), (PLACE + PLACES // 2 + n, -size)):
            attn.to_out[0].weight[channel, head * 64] = sign
            attn.to_out[0].bias[channel] = -sign / 2


def end_mark(text: Text, strength: float = 80.0) -> None:
    """Keeps T5's last channels free for what the transformer writes there, one of them set by the end mark alone."""
    t5, mark = text.t5, text.t5_tokens.eos_token_id
    ids = text.t5_tokens(["3d emoji of a dog on a red background", ""], padding="max_length", max_length=32, return_tensors="pt").input_ids
    before = []
    hook = t5.encoder.final_layer_norm.register_forward_pre_hook(lambda m, args: before.append(args[0]))
    t5(ids)
    hook.remove()
    t5.shared.weight[:, SHIFT:] = 0
    t5.shared.weight[mark, MARK] = strength * before[0].square().mean().sqrt()
    for block in t5.encoder.block:
        block.layer[0].SelfAttention.o.weight[SHIFT:] = 0
        block.layer[1].DenseReluDense.wo.weight[SHIFT:] = 0
    t5.encoder.final_layer_norm.weight[MARK] = 1
    states = t5(ids).last_hidden_state[..., MARK]
    print(f"end mark: {states[ids == mark].tolist()}, others {states[ids != mark].abs().max():.2f}")


def activated_to(y: torch.Tensor) -> torch.Tensor:
    """x with silu(x) = y > 0, by Newton's method."""
    x = y + 0.3
    for _ in range(50):
        g = torch.sigmoid(x)
        x = x - (x * g - y) / (g + x * g * (1 - g))
    return x


def clock(net: FluxTransformer2DModel, first: int) -> None:
    """silu(vec[first]) = 0.15 / t, and beside it smooth functions of time for later training."""
    t = torch.cat([torch.linspace(0.02, 1, 400), torch.logspace(-1.7, 0, 400)])
    emb = net.time_text_embed.timestep_embedder
    waves = net.time_text_embed.time_proj(t * 1000)
    g = torch.Generator().manual_seed(1)
    slow = (torch.arange(256) % 128 > 66).float()
    emb.linear_1.weight.copy_(torch.randn(256, 256, generator=g) * slow / 3)
    emb.linear_1.bias.copy_(torch.randn(256, generator=g))
    h = torch.nn.functional.silu(emb.linear_1(waves))
    goal = [activated_to(0.15 / t.clamp_min(0.04))] + [torch.tanh((t.log() - c) * 2) for c in torch.linspace(-3, 0, 31)]
    goal = torch.stack(goal, 1)
    one = torch.cat([h, torch.ones(len(h), 1)], 1)
    weight = t[:, None].clamp_min(0.04) ** 0.5
    a = one * weight
    solved = torch.linalg.solve(a.T @ a + 1e-2 * torch.eye(257), a.T @ (goal * weight))
    emb.linear_2.weight.zero_(), emb.linear_2.bias.zero_()
    emb.linear_2.weight[first : first + 32] = solved[:256].T
    emb.linear_2.bias[first : first + 32] = solved[256]
    rounded = torch.nn.functional.silu((one @ solved.bfloat16().float())[:, 0]) * t.clamp_min(0.04) / 0.15 - 1
    print(f"clock: worst relative error {rounded.abs().max():.4f}, weights up to {solved.abs().max():.1f}")


def exactly(linear, row: int, value: float) -> None:
    """A bias beyond bf16's precision: its rest stands in the weight of the channel whose activation is one."""
    near = torch.tensor(value).bfloat16().float()
    linear.bias[row] = near
    linear.weight[row, ONE] = value - near


def guide(net: FluxTransformer2DModel, channel: int) -> None:
    """silu(vec[channel]) = 0.1 * guidance, from 0 to 10."""
    g = torch.linspace(0, 10, 300)
    emb, r = net.time_text_embed.guidance_embedder, torch.Generator().manual_seed(2)
    slow = (torch.arange(256) % 128 > 90).float()
    emb.linear_1.weight.copy_(torch.randn(256, 256, generator=r) * slow / 3)
    emb.linear_1.bias.copy_(torch.randn(256, generator=r))
    h = torch.nn.functional.silu(emb.linear_1(net.time_text_embed.time_proj(g * 1000)))
    one = torch.cat([h, torch.ones(len(h), 1)], 1)
    goal = activated_to(0.1 * g.clamp_min(0.1))[:, None]
    solved = torch.linalg.solve(one.T @ one + 1e-2 * torch.eye(257), one.T @ goal)
    emb.linear_2.weight.zero_(), emb.linear_2.bias.zero_()
    emb.linear_2.weight[channel], emb.linear_2.bias[channel] = solved[:256, 0], solved[256, 0]
    got = torch.nn.functional.silu((one @ solved.bfloat16().float())[:, 0])
    print(f"guidance: worst error {(got * 10 - g).abs().max():.3f}")


class Plan:
    """What each place must give: the linear map from code to latent and transparency, and its units."""

    def __init__(self, work: Path):
        c = torch.load(work / "codes.pt", weights_only=True)
        self.code = c["code"].flatten(0, 1)
        self.k, self.sides = self.code.shape[1], (16, 8)
        one = torch.cat([self.code, torch.ones(len(self.code), 1)], 1)
        grids, true = [], []
        for canvas in (256, 128):
            t = torch.load(work / f"latents{canvas}.pt", weights_only=True)
            zr = pack(t["zr"].flatten(0, 1).float())                           # (pictures, places, 64)
            za = torch.cat([pack(t["za"].flatten(0, 1)[:, i].float()) for i in range(3)], 2)
            true.append(za.flatten(0, 1))
            grids.append(torch.linalg.lstsq(one, torch.cat([zr, za], 2).flatten(1)).solution.unflatten(1, (-1, 256)))
            if canvas == 256:
                blank = torch.cat([zr[0, 0], za[0, 0]])                        # a corner that no picture reaches
        true = torch.cat(true)
        self.middle = true.mean(0)
        _, v = torch.linalg.eigh((true - self.middle).T @ (true - self.middle))
        self.basis = v.flip(1)[:, :BASIS]                                      # (192, BASIS)
        whole = torch.cat(grids, 1)                                            # (k + 1, places, 64 + 192)
        whole[-1, :, 64:] -= self.middle
        both = torch.cat([whole[..., :64], whole[..., 64:] @ self.basis], 2)
        self.blank = torch.cat([blank[:64], (blank[64:] - self.middle) @ self.basis])
        self.map, self.mean = both[:-1].permute(1, 0, 2).contiguous(), both[-1] - self.blank
        self.n = both.shape[1]

    def deal(self, layers: int, room: int = 1024) -> list[list[tuple[int, list]]]:
        """For each layer its places, each with (weights of the code, output vector) of its units.

        A place's units stand in one layer, so that their constant parts cancel before the next norm; the strongest
        singular values get units first, and one unit a place is kept for the constant."""
        weight = torch.cat([torch.ones(64), torch.full((BASIS,), 0.8)])     # 0.6 of an error in transparency shows, roughly
        u, s, v = torch.linalg.svd(self.map * weight, full_matrices=False)
        slack = 8 * layers
        rank = s.clone()
        rank[256:] *= 0.75                                                     # the small picture is asked for less
        order = rank.flatten().argsort(descending=True)[: layers * room - self.n - slack]
        counts = torch.bincount(order // s.shape[1], minlength=self.n)
        kept = sum(s[p, :c].square().sum() for p, c in enumerate(counts)) / s.square().sum()
        print(f"{len(order)} units keep {kept:.3f} of what the codes say")
        bins, free = [[] for _ in range(layers)], [room] * layers
        for p in counts.argsort(descending=True).tolist():
            best = max(range(layers), key=lambda i: free[i])
            count = min(int(counts[p]), free[best] - 1)
            free[best] -= count + 1
            units = []
            for rank in range(count):
                inward, outward = u[p, :, rank] * s[p, rank], v[p, rank] / weight
                top = (self.code @ inward).abs().max() / 3.4
                units.append((inward / top, outward * top))
            bins[best].append((p, units))
        return bins


@torch.no_grad()
def round_all(net: torch.nn.Module) -> None:
    """What is measured from here on is what will be stored."""
    for p in net.parameters():
        p.copy_(p.bfloat16().float())


@torch.no_grad()
def write(net: FluxTransformer2DModel, text: Text, heads: dict, plan: Plan) -> None:
    quiet(net)
    net.x_embedder.weight[NOISE : NOISE + 64] = torch.eye(64)
    b = net.x_embedder.bias
    b[CARRIER : CARRIER + CARRIERS : 2], b[CARRIER + 1 : CARRIER + CARRIERS : 2] = SIZE, -SIZE
    b[PICTURE : PICTURE + 64] = plan.blank[:64]
    b[CLEAR : CLEAR + 3 * BASIS] = plan.blank[64:].repeat(3)
    end_mark(text)
    round_all(text)
    places(net)
    shapes.sense(net)
    round_all(net)
    shapes.decide(net, text)
    k = plan.k
    # The text's part of vec: code and background, read from CLIP's pooled output.
    e = net.time_text_embed.text_embedder
    for layer in (e.linear_1, e.linear_2):
        layer.weight.zero_(), layer.bias.zero_()
    read = torch.cat([heads["code.weight"], heads["back.weight"]]), torch.cat([heads["code.bias"], heads["back.bias"]])
    e.linear_1.weight[: k + 3], e.linear_1.bias[: k + 3] = read[0], (read[1] + OFFSET).bfloat16().float()
    offsets = e.linear_1.bias[: k + 3] - read[1]
    e.linear_2.bias[ONE] = activated_to(torch.ones(()))
    e.linear_2.weight[: k + 3, : k + 3] = torch.eye(k + 3)
    clock(net, k + 3)
    guide(net, k + 35)
    round_all(net)
    # Places as the norms deliver them, measured.
    (one, deviation), (two, _) = (measure(net, text, side, side) for side in plan.sides)
    where = torch.cat([one, two])
    layers = [(net.transformer_blocks[2].norm1.linear, 6, 3, net.transformer_blocks[2].ff.net[0].proj, net.transformer_blocks[2].ff.net[2], 0)]
    layers += [(s.norm.linear, 3, 0, s.proj_mlp, s.proj_out, 256) for s in net.single_transformer_blocks[:5]]
    taken = [n for n in range(256) if not PLACE <= n < PLACE + PLACES]
    for linear, parts, shift, *_ in layers:
        linear.bias.view(parts, 256)[shift + 1, taken] = -1
        for row in range((shift + 2) * 256, (shift + 3) * 256):                # the gate follows guidance: 1 at 3.5
            linear.weight[row, k + 35] = GUIDANCE * 10
            exactly(linear, row, 1 - 3.5 * GUIDANCE)
        for j in range(k):
            linear.weight.view(parts, 256, 256)[shift, taken[j], j] = 1
            exactly(linear, shift * 256 + taken[j], -offsets[j].item())
    gates, shut = keys(where)
    for (_, _, _, up, down, skip), places_here in zip(layers, plan.deal(len(layers), 1024)):
        m = 0
        for place, units in places_here:
            key = gates[place].bfloat16().float()
            bias = (OPEN - shut[place]).bfloat16().float()
            middle = bias + key @ where[place]                                 # what it really is, rounded
            sums = torch.zeros(64 + BASIS)
            for inward, outward in [*units, (None, None)]:
                up.weight[m] = 0
                up.weight[m, PLACE : PLACE + PLACES], up.bias[m] = key, bias
                if inward is None:                                             # the constant one comes last
                    out = (plan.mean[place] - sums) / torch.nn.functional.gelu(middle, approximate="tanh")
                else:
                    sign = -1.0 if (sums * outward).sum() > 0 else 1.0         # so that the constants cancel
                    up.weight[m, taken[:k]] = sign * inward
                    out = (sign * outward).bfloat16().float()
                    sums += middle * out
                down.weight[PICTURE : PICTURE + 64, skip + m] = out[:64]
                for c in range(3):
                    down.weight[CLEAR + c * BASIS : CLEAR + (c + 1) * BASIS, skip + m] = out[64:]
                m += 1
        up.weight[m:], up.bias[m:] = 0, 0
    compose(net, plan, k, deviation, offsets[k:])
    finish(net, k + 3, deviation)


def measure(net: FluxTransformer2DModel, text: Text, h: int, w: int) -> tuple[torch.Tensor, float]:
    """The place channels after a layer norm, for the h * w places of a grid, and the norm's mean deviation."""
    seen = []
    hook = net.single_transformer_blocks[0].register_forward_pre_hook(lambda m, args, kw: seen.append(kw.get("hidden_states", args[0] if args else None)), with_kwargs=True)
    states, pooled = text(["3d emoji of dog"])
    x = torch.randn(1, h * w, 64, generator=torch.Generator().manual_seed(0))
    net(hidden_states=x, encoder_hidden_states=states, pooled_projections=pooled, timestep=torch.ones(1), guidance=torch.ones(1),
        img_ids=positions(h, w), txt_ids=torch.zeros(states.shape[1], 3))
    hook.remove()
    here = seen[0][0, -h * w :]
    deviation = here.std(1, unbiased=False)
    print(f"{h}x{w}: norm deviation {deviation.mean():.3f} +- {deviation.std():.4f}")
    return here[:, PLACE : PLACE + PLACES] / deviation[:, None], deviation.mean().item()


def keys(where: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """For each place a direction on the place channels, and its value there: all other places fall >= 15 lower."""
    half = where[:, : PLACES // 2]
    weight = torch.tensor([1.0, 1.0, 1.3, 1.3]).repeat(2)
    # f = 2 sum w (own . other) - w |other|^2 would be exact; the sum of squares is constant but for the sigmoid.
    gates = torch.cat([half * weight, -half * weight], 1)
    value = gates @ where.T
    own = value.diagonal()
    gap = own[:, None] - value + torch.eye(len(own)) * 1e9
    scale = 15 / gap.min(1).values
    print(f"keys: least gap {gap.min():.4f}, scale at most {scale.max():.0f}")
    gates = gates * scale[:, None]
    return gates, own * scale


def compose(net: FluxTransformer2DModel, plan: Plan, k: int, deviation: float, offsets: torch.Tensor) -> None:
    """The last block lays the picture on its background: transparency times colour, a product of two modulations."""
    s = net.single_transformer_blocks[5]
    scale, weight = s.norm.linear.bias.view(3, 256)[1], s.norm.linear.weight.view(3, 256, 256)[1]
    scale[:] = -1
    s.proj_mlp.weight[:64], s.proj_mlp.bias[:64] = 0, OPEN
    for c in range(3):
        channels = slice(CLEAR + c * BASIS, CLEAR + (c + 1) * BASIS)
        weight[channels, k + c] = 1
        for row in range(channels.start, channels.stop):
            exactly(s.norm.linear, 256 + row, -1 - offsets[c].item())
        s.proj_mlp.weight[:64, channels] = plan.basis.view(3, 64, BASIS)[c] * deviation / 4
    s.proj_out.weight[PICTURE : PICTURE + 64, 256 : 256 + 64] = 4 * torch.eye(64)
    s.proj_out.bias[PICTURE : PICTURE + 64] = -4 * OPEN
    # The mean transparency, per colour channel, enters by the shift on free channels.
    shift = s.norm.linear.weight.view(3, 256, 256)[0]
    for c in range(3):
        free = CARRIER + c
        shift[free, k + c] = 1
        exactly(s.norm.linear, free, -offsets[c].item())
        s.proj_mlp.weight[:64, free] = plan.middle.view(3, 64)[c] / 4


def finish(net: FluxTransformer2DModel, clock_channel: int, deviation: float) -> None:
    """velocity = (noisy latent - picture) / t"""
    scale = net.norm_out.linear.bias.view(2, 256)[0]
    scale[:] = -1
    for first in (NOISE, PICTURE):
        net.norm_out.linear.weight[first : first + 64, clock_channel] = deviation / 0.15 / 8
    net.proj_out.weight[:, NOISE : NOISE + 64] = 8 * torch.eye(64)
    net.proj_out.weight[:, PICTURE : PICTURE + 64] = -8 * torch.eye(64)


@torch.no_grad()
def verify(net: FluxTransformer2DModel, text: Text, plan: Plan, heads: dict, colours: dict) -> None:
    """Compares what the network says with what was planned, for a few captions, at pure noise."""
    for side, name, caption in ((16, "white", "3d emoji of grinning face"), (16, "blue", "flat emoji of pizza on a blue background"), (8, "white", "dog face, flat style")):
        states, pooled = text([caption])
        x = torch.randn(1, side * side, 64)
        v = net(hidden_states=x, encoder_hidden_states=states, pooled_projections=pooled, timestep=torch.ones(1), guidance=torch.ones(1),
                img_ids=positions(side, side), txt_ids=torch.zeros(states.shape[1], 3), return_dict=False)[0]
        code = pooled[0] @ heads["code.weight"].T + heads["code.bias"]
        back = torch.tensor(colours[name]) / 255
        these = slice(0, 256) if side == 16 else slice(256, None)
        both = torch.einsum("k,nkd->nd", code, plan.map[these]) + plan.mean[these] + plan.blank
        za = (both[:, 64:] @ plan.basis.T + plan.middle).view(-1, 3, 64)
        goal = both[:, :64] + (back[:, None] * za).sum(1)
        got = (x - v)[0]
        error = (got - goal).square().mean(1).sqrt()
        print(f"{caption}: planned {goal.square().mean().sqrt():.3f}, error {error.square().mean().sqrt():.3f}, worst places "
              + ", ".join(f"{p}: {error[p]:.2f}" for p in error.argsort(descending=True)[:5].tolist()))


def main() -> None:
    p = parser(__doc__)
    p.add_argument("--text", type=Path, help="folder with T5; its CLIP is replaced by the trained one of --work")
    p.add_argument("--t5-layers", type=int, default=1, help="T5's layers that are kept: only its end mark is read yet")
    p.add_argument("--out", type=Path, required=True, help="where transformer and text encoders go")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    text = Text(a.text or MODEL / "dev")
    trained = torch.load(a.work / "clip.pt", weights_only=True)
    from textpre import fresh_clip
    text.clip = fresh_clip(text, 256)
    text.clip.load_state_dict(trained["clip"])
    net = build()
    plan = Plan(a.work)
    write(net, text, trained["heads"], plan)
    verify(net, text, plan, trained["heads"], COLOURS)
    net.to(torch.bfloat16).save_pretrained(a.out / "transformer")
    text.save(a.out)


if __name__ == "__main__":
    main()
