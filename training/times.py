"""The written transformer's sense of time and guidance: functions of them in vec, solved for by least squares."""

import torch
import torch.nn.functional as F
from diffusers import FluxTransformer2DModel

from layout import CLOCK, CLOCKS, GUIDE, activated_to, rounded

TICK = 0.15                                    # silu(vec[CLOCK]) = TICK / t
FIRST = 0.04                                   # times below are as this one: 28 steps end above


def solve(emb, waves: torch.Tensor, channels: slice, goal: torch.Tensor, slow: int, seed: int, weight: torch.Tensor) -> torch.Tensor:
    """Random smooth features of the slow waves, then the output that fits goal. Returns what really comes out."""
    g = torch.Generator().manual_seed(seed)
    emb.linear_1.weight.copy_(torch.randn(256, 256, generator=g) * (torch.arange(256) % 128 > slow) / 3)
    emb.linear_1.bias.copy_(torch.randn(256, generator=g))
    h = F.silu(F.linear(waves, rounded(emb.linear_1.weight), rounded(emb.linear_1.bias)))
    one = torch.cat([h, torch.ones(len(h), 1)], 1)
    a = one * weight
    solved = torch.linalg.solve(a.T @ a + 1e-2 * torch.eye(257), a.T @ (goal * weight))
    emb.linear_2.weight.zero_(), emb.linear_2.bias.zero_()
    emb.linear_2.weight[channels], emb.linear_2.bias[channels] = solved[:256].T, solved[256]
    return F.silu(one @ rounded(solved))


def clock(net: FluxTransformer2DModel) -> None:
    """silu(vec[CLOCK]) = TICK / t, and beside it smooth functions of time for later training."""
    t = torch.cat([torch.linspace(0.02, 1, 400), torch.logspace(-1.7, 0, 400)])
    late = t.clamp_min(FIRST)
    goal = torch.stack([activated_to(TICK / late)] + [torch.tanh((t.log() - c) * 2) for c in torch.linspace(-3, 0, CLOCKS - 1)], 1)
    got = solve(net.time_text_embed.timestep_embedder, net.time_text_embed.time_proj(t * 1000), slice(CLOCK, CLOCK + CLOCKS), goal, 66, 1, late[:, None] ** 0.5)
    print(f"clock: worst relative error {(got[:, 0] * late / TICK - 1).abs().max():.4f}")


def guide(net: FluxTransformer2DModel) -> None:
    """silu(vec[GUIDE]) = 0.1 * guidance, from 0 to 10."""
    g = torch.linspace(0, 10, 300)
    goal = activated_to(0.1 * g.clamp_min(0.1))[:, None]
    got = solve(net.time_text_embed.guidance_embedder, net.time_text_embed.time_proj(g * 1000), slice(GUIDE, GUIDE + 1), goal, 90, 2, torch.ones(300, 1))
    print(f"guidance: worst error {(got[:, 0] * 10 - g).abs().max():.3f}")
