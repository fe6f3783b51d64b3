"""Who owns which channel of the written transformer, and what all of its parts are made with."""

import torch
from diffusers import FluxTransformer2DModel

from config import CONFIG

WIDTH, CODE, BASIS = 256, CONFIG["code"], CONFIG["basis"]
ALONE, REFINERS = CONFIG["memories"], CONFIG["refiners"]
MEMORIES = ALONE + CONFIG["things"]            # single blocks: those that remember things alone and in scenes, one that composes, those that refine

# Hidden channels of the image tokens.
NOISE, PICTURE, CLEAR = 0, 64, 128             # the noisy latent; the remembered one; transparency, once a background colour
RAW = CLEAR + 3 * BASIS                        # +-4 numbers: where attention finds a token
PLACE, PLACES = RAW + 8, 16                    # the same as a code of its row and one of its column
CARRIER, CARRIERS, SIZE = PLACE + PLACES, 32, 64.0   # large constants, which keep the layer norms' deviation fixed
CONST = 255                                    # holds one wherever a modulation says so
FLAG = 4.0                                     # size of a flag among the codes
TAKEN = [n for n in range(WIDTH) if not PLACE <= n < PLACE + PLACES and n != CONST]   # where modulations lay the code, then the flags

# Channels of vec, the input of all modulations.
COLOUR, CLOCK, CLOCKS = CODE, CODE + 3, 8      # the background; functions of time
GUIDE, LOOK, ONE = CODE + 3 + CLOCKS, CODE + 4 + CLOCKS, 255   # guidance; the trigger word; the channel whose activation is one
SEVERAL, THREE = LOOK + 1, LOOK + 2            # two things or three, three things: FLAGGED where so, -FLAGGED where not
FLAGGED = 8.0

# Channels of the text tokens.
WORDS = 64                                     # width of T5, whose last channel is the end mark
SHIFT, AREA, SHAPE, MARK = 235, 251, 253, 255  # +-4 place shifts, +-area, +-shape, end mark
STRENGTH = 4.0                                 # size of the place shifts

OPEN = 7.0                                     # gelu is linear here
OFFSET = 8.0                                   # silu(x + 8) - 8 = x, nearly
assert CARRIER + CARRIERS <= CONST and THREE + 4 < ONE and CODE + 2 <= len(TAKEN)


def build() -> FluxTransformer2DModel:
    return FluxTransformer2DModel(
        patch_size=1, in_channels=64, num_layers=CONFIG["doubles"], num_single_layers=MEMORIES + 1 + REFINERS, attention_head_dim=64,
        num_attention_heads=4, joint_attention_dim=WORDS, pooled_projection_dim=WIDTH, guidance_embeds=True, axes_dims_rope=(16, 24, 24))


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
        for layer in (b.attn.to_q, b.attn.to_k, b.attn.to_v, b.proj_mlp):
            layer.weight.zero_(), layer.bias.zero_()
    for layer in (net.context_embedder, net.x_embedder, net.norm_out.linear, net.proj_out):
        layer.weight.zero_(), layer.bias.zero_()


def rounded(x: torch.Tensor) -> torch.Tensor:
    return x.bfloat16().float()


@torch.no_grad()
def round_all(net: torch.nn.Module) -> None:
    """What is measured from here on is what will be stored."""
    for p in net.parameters():
        p.copy_(rounded(p))


def exactly(linear, row: int, value: float, channel: int = ONE) -> None:
    """A bias beyond bf16's precision: its rest stands in the weight of a channel that is one."""
    near = rounded(torch.tensor(value))
    linear.bias[row] = near
    linear.weight[row, channel] = value - near


def activated_to(y: torch.Tensor) -> torch.Tensor:
    """x with silu(x) = y > 0, by Newton's method."""
    x = y + 0.3
    for _ in range(50):
        g = torch.sigmoid(x)
        x = x - (x * g - y) / (g + x * g * (1 - g))
    return x
