"""The written transformer's sense of time and guidance: functions of them in vec, solved for by least squares."""

import torch
import torch.nn.functional as F
from diffusers import FluxTransformer2DModel

from layout import CLOCK, CLOCKS, GUIDE, activated_to, rounded

FIRST = 0.04                                   # times below are as this one: 28 steps end above
LEFT = 0.2                                     # mean square of what the memory leaves out of a picture
KEEP, PULL, LOUD, LEFT_NOISY, LEFT_PICTURE = range(5)   # clocks: weight of the noisy latent plus LIFT, of the picture, of what is refined; see surprise
LIFT = 2.0
MIDDLES = torch.linspace(-2.4, -0.3, CLOCKS - 5)    # of the smooth clocks, in log t


def weights(t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """How noisy latent and remembered picture make the velocity, and how loud a correction of the picture is.

    Were pictures normally distributed about the remembered one, with variance LEFT, the best velocity would be
    (1 - g) / t * noisy - t / d * remembered, with d = (1 - t)^2 LEFT + t^2 and g = LEFT (1 - t) / d. What is refined has deviation
    sqrt(LEFT / d) in the velocity."""
    d = (1 - t) ** 2 * LEFT + t**2
    return (1 - LEFT * (1 - t) / d) / t, t / d, (LEFT * d).sqrt() / t


def surprise(t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """How noisy latent and remembered picture make what surprises: a * noisy - b * remembered, where b = a (1 - t).

    Of size one where the picture differs as much as usual, but for the last factor, which lifts what is noise alone at low noise."""
    a = ((1 - t) ** 2 * LEFT + t**2).rsqrt() * t**-0.25
    return a, a * (1 - t)


def solve(emb, waves: torch.Tensor, channels: slice, goal: torch.Tensor, slow: int, seed: int, weight: torch.Tensor) -> torch.Tensor:
    """Random smooth features of the slow waves, then the output that fits goal. Returns what really comes out."""
    g = torch.Generator().manual_seed(seed)
    emb.linear_1.weight.copy_(torch.randn(256, 256, generator=g) * (torch.arange(256) % 128 > slow) / 3)
    emb.linear_1.bias.copy_(torch.randn(256, generator=g))
    h = F.silu(F.linear(waves, rounded(emb.linear_1.weight), rounded(emb.linear_1.bias)))
    one = torch.cat([h, torch.ones(len(h), 1)], 1)
    a = (one * weight).double()
    solved = torch.linalg.solve(a.T @ a + 1e-2 * torch.eye(257, dtype=torch.double), a.T @ (goal * weight).double()).float()
    emb.linear_2.weight.zero_(), emb.linear_2.bias.zero_()
    emb.linear_2.weight[channels], emb.linear_2.bias[channels] = solved[:256].T, solved[256]
    return F.silu(one @ rounded(solved))


def clock(net: FluxTransformer2DModel) -> None:
    """silu(vec[CLOCK]) and its neighbours: the weights, and smooth functions of time for the refining blocks."""
    t = torch.cat([torch.linspace(0.02, 1, 400), torch.logspace(-1.7, 0, 400)])
    late = t.clamp_min(FIRST)
    keep, *rest = weights(late)
    exact = [keep + LIFT, *rest, *surprise(late)]
    goal = torch.stack([activated_to(y) for y in exact] + [torch.tanh((t.log() - c) * 2) for c in MIDDLES], 1)
    got = solve(net.time_text_embed.timestep_embedder, net.time_text_embed.time_proj(t * 1000), slice(CLOCK, CLOCK + CLOCKS), goal, 40, 1, torch.ones(len(t), 1))
    used = t > 0.07
    print("clock: worst errors above 0.07", [f"{(got[used, n] - y[used]).abs().max():.4f} of {y[used].max():.2f}" for n, y in enumerate(exact)])


def guide(net: FluxTransformer2DModel) -> None:
    """silu(vec[GUIDE]) = 0.1 * guidance, from 0 to 10."""
    g = torch.linspace(0, 10, 300)
    goal = activated_to(0.1 * g.clamp_min(0.1))[:, None]
    got = solve(net.time_text_embed.guidance_embedder, net.time_text_embed.time_proj(g * 1000), slice(GUIDE, GUIDE + 1), goal, 90, 2, torch.ones(300, 1))
    print(f"guidance: worst error {(got[:, 0] * 10 - g).abs().max():.3f}")
