"""Draws a contact sheet with the linear map in place of the decoder: a quick look at a checkpoint."""

import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from config import MODEL, parser, seeded
from latents import Map
from model import Text, positions, transformer, unpack

PROMPTS = ["3d emoji of grinning face", "flat emoji of red apple", "cartoon emoji of dog face", "a 3d icon of rocket",
           "3d emoji of pizza on a blue background", "flat emoji of guitar", "cartoon emoji of tiger face on a yellow background", "3d emoji of house",
           "flat emoji of octopus", "cartoon emoji of bicycle", "3d emoji of red heart on a black background", "cat face, 3d style",
           "flat emoji of sunflower on a sky blue background", "cartoon emoji of volcano", "3d emoji of camera", "owl, flat style, mint background",
           "3d emoji of strawberry", "cartoon emoji of astronaut", "flat emoji of key on a pink background", "3d emoji of frog",
           "cartoon emoji of hamburger", "3d emoji of thumbs up", "flat robot", "cartoon emoji of rainbow on a navy background"]


def sigmas(steps: int, shift: float | None = None) -> torch.Tensor:
    """The scheduler's noise levels, with exponential shift (none: as schnell), and 0."""
    s = torch.linspace(1, 1 / steps, steps)
    if shift is not None:
        s = math.exp(shift) / (math.exp(shift) + 1 / s - 1)
    return torch.cat([s, torch.zeros(1)])


@torch.no_grad()
def sample(text: Text, net, prompts: list[str], h: int, w: int, steps: int = 20, seed: int = 0, guidance: float = 3.5,
           shift: float | None = 0.8, noise: torch.Tensor | None = None, start: torch.Tensor | None = None, strength: float = 1.0) -> torch.Tensor:
    """Prompts -> latents (b, 16, 2h, 2w) by Euler steps, with exponential shift (none: as schnell); from packed latents at a strength, if given."""
    b = len(prompts)
    if noise is None:
        noise = torch.randn(b, h * w, 64, generator=seeded(seed))
    x, (states, pooled) = noise, text(prompts, 32)
    first = int(max(steps - steps * strength, 0))                              # as FluxImg2ImgPipeline counts
    sigma = sigmas(steps, shift)[first:]
    if start is not None:
        x = (1 - sigma[0]) * start + sigma[0] * noise
    for now, after in zip(sigma[:-1], sigma[1:]):
        v = net(hidden_states=x, encoder_hidden_states=states, pooled_projections=pooled, timestep=now.expand(b),
                guidance=torch.full((b,), guidance), img_ids=positions(h, w), txt_ids=torch.zeros(states.shape[1], 3), return_dict=False)[0]
        x = x + (after - now) * v
    return unpack(x, h, w)


def save(rgb: torch.Tensor, path: Path, columns: int = 8) -> None:
    """(b, 3, h, w) in -1..1 as one picture."""
    a = ((rgb.clamp(-1, 1) + 1) * 127.5).byte().permute(0, 2, 3, 1).cpu().numpy()
    n, h, w, _ = a.shape
    rows = -(-n // columns)
    out = np.full((rows * h, columns * w, 3), 255, np.uint8)
    for k in range(n):
        y, x = k // columns * h, k % columns * w
        out[y : y + h, x : x + w] = a[k]
    Image.fromarray(out).save(path)


def main() -> None:
    p = parser(__doc__)
    p.add_argument("--dir", type=Path, default=MODEL / "dev", help="folder with transformer and text encoders")
    p.add_argument("--out", type=Path, default=Path("sheet.png"))
    p.add_argument("--height", type=int, default=16, help="tokens of 64 pixels")
    p.add_argument("--width", type=int, default=16)
    p.add_argument("--steps", type=int, default=12)
    p.add_argument("--count", type=int, default=24, help="so many of the built-in prompts")
    p.add_argument("--prompt", action="append", help="instead of the built-in ones; repeatable")
    a = p.parse_args()
    z = sample(Text(a.dir), transformer(a.dir), a.prompt or PROMPTS[: a.count], a.height, a.width, a.steps, a.seed)
    save(Map(MODEL / "dev/vae/preview.safetensors").to_rgb(z), a.out)


if __name__ == "__main__":
    main()
