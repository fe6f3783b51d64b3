"""The autoencoder's encoder, first written down instead of trained: it computes the linear map exactly.

Strided convolutions average 4x4 pixels, then gather 2x2 cells into channels twice, then project to the 16 latents.
The last norm is kept constant by carrier channels of +-K, and silu(a) - silu(-a) = a undoes the activation.

From there its inner levels are trained together with the decoder (vae_inner.py): to lay into each latent, besides, a little of what
the linear map leaves out."""

import torch
import torch.nn.functional as F

from latents import PATCH, Map

CARRIER = 64.0


@torch.no_grad()
def write(encoder: torch.nn.Module, m: Map) -> None:
    """Sets the weights of a diffusers Encoder with six levels, 16 latents and two norm groups."""
    for name, p in encoder.named_parameters():
        p.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
    for c in range(3):
        encoder.conv_in.weight[c, c, 1, 1] = 1
    for block in encoder.down_blocks:
        for resnet in block.resnets:
            if resnet.conv_shortcut is not None:
                for c in range(resnet.conv_shortcut.weight.shape[1]):
                    resnet.conv_shortcut.weight[c, c, 0, 0] = 1
    down = [b.downsamplers[0].conv.weight for b in encoder.down_blocks[:-1]]
    for w in down[:2]:
        for c in range(3):
            w[c, c, :2, :2] = 0.25
    gather(down[2], 3)
    gather(down[3], 12)
    project(down[4], encoder.down_blocks[4].downsamplers[0].conv.bias, m)
    last = encoder.down_blocks[5].resnets[0]
    finish(last, encoder)


class Tail(torch.nn.Module):
    """The levels from the quarter-size canvas to the latents. In float32: beside carriers bf16 is too coarse."""

    def __init__(self, encoder: torch.nn.Module):
        super().__init__()
        self.down_blocks, self.mid_block = encoder.down_blocks[2:], encoder.mid_block
        self.conv_norm_out, self.conv_out = encoder.conv_norm_out, encoder.conv_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(b, 3, h, w) in -1..1 -> (b, 16, h / 8, w / 8)"""
        first = self.down_blocks[0].resnets[0].conv1.in_channels
        x = F.pad(x, (0, 0, 0, 0, 0, first - x.shape[1]))
        for block in self.down_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))[:, :16]

    def learning(self) -> list[torch.nn.Parameter]:
        """What is trained: the residual branches of the inner three levels, and the ways between them."""
        blocks = self.down_blocks[1:]
        parts = [b.resnets[0].get_submodule(name) for b in blocks for name in ("norm1", "conv1", "norm2", "conv2")]
        return [p for part in (*parts, *(b.downsamplers[0].conv for b in blocks[:-1])) for p in part.parameters()]

    def silent(self) -> bool:
        """Whether nothing was trained yet."""
        return not self.down_blocks[-1].resnets[0].conv1.weight.any()

    @torch.no_grad()
    def wake(self) -> None:
        """Random features in silent branches, and ways for them through channels that are free."""
        blocks = self.down_blocks[1:]
        for b in blocks:
            torch.nn.init.kaiming_normal_(b.resnets[0].conv1.weight)
        for b in blocks[:-1]:
            w = b.downsamplers[0].conv.weight
            free = (w.abs().sum((0, 2, 3)) == 0).nonzero()[:, 0], (w.abs().sum((1, 2, 3)) == 0).nonzero()[:, 0]
            into = torch.empty(len(free[1]), len(free[0]), 3, 3)
            torch.nn.init.kaiming_normal_(into)
            w[free[1][:, None], free[0]] = into


def gather(w: torch.Tensor, channels: int) -> None:
    """2x2 pixels of `channels` become 4 * channels: channel c at (y, x) goes to (2y + x) * channels + c."""
    for y in range(2):
        for x in range(2):
            for c in range(channels):
                w[(2 * y + x) * channels + c, c, y, x] = 1


def project(w: torch.Tensor, bias: torch.Tensor, m: Map) -> None:
    """The last gathering and the principal components in one: 2x2 cells of 48 channels -> 16."""
    weight = m.encode.view(3, PATCH, PATCH, 16)
    for y in range(PATCH):
        for x in range(PATCH):
            for c in range(3):
                inner = (2 * (y & 1) + (x & 1)) * 3 + c                  # within a 2x2 pixel cell
                channel = (2 * (y >> 1 & 1) + (x >> 1 & 1)) * 12 + inner  # within a 4x4 pixel cell
                w[:16, channel, y >> 2, x >> 2] = weight[c, y, x]
    bias[:16] = -(m.mean @ m.encode)


def finish(resnet: torch.nn.Module, encoder: torch.nn.Module) -> None:
    """Latents z and -z beside the carriers; out come z as the mean and a small constant deviation."""
    shortcut, channels = resnet.conv_shortcut, encoder.conv_norm_out.num_channels
    half = channels // 2
    shortcut.weight.zero_()
    scale = torch.zeros(half)
    for group in range(2):                                    # each norm group: 8 latents, both signs, carriers
        first = group * half
        for k in range(8):
            z = group * 8 + k
            shortcut.weight[first + k, z, 0, 0] = 1
            shortcut.weight[first + 8 + k, z, 0, 0] = -1
            encoder.conv_out.weight[z, first + k, 1, 1] = 1
            encoder.conv_out.weight[z, first + 8 + k, 1, 1] = -1
        shortcut.bias[first + 16 : first + half : 2] = CARRIER
        shortcut.bias[first + 17 : first + half : 2] = -CARRIER
        scale[16:] = CARRIER**2
        encoder.conv_norm_out.weight[first : first + 16] = (scale.sum() / half).sqrt()
        encoder.conv_norm_out.weight[first + 16 : first + half] = 0
    encoder.conv_out.bias[16:] = -12
