"""Makes the model's LoRA files, one in each key style. They are solved for, like the transformer they change.

sticker  a white rim around the thing: what each place would give then, by least squares from its hidden units (PEFT's keys)
pixel    the picture in coarse squares: a projection of the latents, exact (BFL's keys)
line     grey lines on white: what varies within a cell, without its colour (kohya's keys)
sunset   warm light from above: the rows that the second block's attention finds, times a colour (XLabs' keys)"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from config import MODEL, parser
from latents import PATCH, Map, split
from layout import BASIS, CARRIER, CLEAR, PICTURE, SIZE, WIDTH
from memory import ROOM
from model import pack
from places import BLOCK, SPOTS
from recall import SIDES, load

Pair = tuple[torch.Tensor, torch.Tensor]       # down (rank, in), up (out, rank)


def factors(delta: torch.Tensor, rank: int) -> Pair:
    """The best pair for a weight's change (out, in)."""
    u, s, v = torch.linalg.svd(delta, full_matrices=False)
    root = s[:rank].sqrt()
    return root[:, None] * v[:rank], u[:, :rank] * root


def widen(alpha: torch.Tensor, pixels: int) -> torch.Tensor:
    """(b, 1, h, w) grown by a disc."""
    r = torch.arange(-pixels, pixels + 1)
    disc = (r[:, None] ** 2 + r**2 <= (pixels + 0.3) ** 2).nonzero() - pixels
    padded = F.pad(alpha, (pixels,) * 4)
    h, w = alpha.shape[2:]
    out = alpha
    for y, x in disc.tolist():
        out = torch.maximum(out, padded[:, :, y + pixels : y + pixels + h, x + pixels : x + pixels + w])
    return out


def rimmed(rgba: torch.Tensor, pixels: int = 7) -> torch.Tensor:
    """Premultiplied pictures (b, 4, h, w) on a white rim with a soft grey edge."""
    rim, edge = widen(rgba[:, 3:], pixels), widen(rgba[:, 3:], pixels + 2)
    colour = rgba[:, :3] + (rim - rgba[:, 3:]) + 0.72 * (edge - rim)
    return torch.cat([colour, edge], 1)


def sticker(work: Path, m: Map, rank: int) -> dict[str, Pair]:
    memory, targets = load(work)
    rgba, change = np.load(work / "rgba.npy", mmap_mode="r"), []
    for side in SIDES:
        rows = []
        for style in rgba:
            for i in range(0, len(style), 50):
                x = torch.from_numpy(np.array(style[i : i + 50])).permute(0, 3, 1, 2).float() / 255
                x = F.avg_pool2d(x, SIDES[0] // side)
                (zr, za), (zr0, za0) = (split(y, m) for y in (rimmed(x, 7 * side // SIDES[0]), x))
                clear = torch.cat([pack((za - za0)[:, c]) for c in range(3)], 2)
                rows.append(torch.cat([pack(zr - zr0), clear @ targets.basis], 2))
        change.append(torch.cat(rows))
    change = torch.cat(change, 1).transpose(0, 1)                              # (places, pictures, 64 + basis)
    goal = change @ targets.root                                               # in coordinates in which errors are plain squares
    flat = goal.flatten(0, 1)
    _, v = torch.linalg.eigh(flat.T @ flat)
    main = v.flip(1)[:, :rank]                                                 # the directions that the change takes
    code = memory.codes()
    h = F.gelu(F.linear(code, memory.inward.T, memory.bias), approximate="tanh")
    down, left = torch.zeros(len(memory.bias), rank), 0.0
    for p, c in enumerate(memory.counts.tolist()):
        mine = slice(memory.first[p], memory.first[p] + c)
        x = h[:, mine]
        down[mine] = torch.linalg.solve(x.T @ x + 1.0 * torch.eye(c), x.T @ (goal[p] @ main)) if c else 0
        left += (x @ down[mine] @ main.T - goal[p]).square().sum().item()
    print(f"sticker: {1 - left / goal.square().sum():.3f} of the change is kept")
    plain = targets.plain(main.T).T                                            # (64 + basis, rank)
    up = torch.zeros(WIDTH, rank)
    up[PICTURE : PICTURE + 64] = plain[:64]
    up[CLEAR : CLEAR + 3 * BASIS] = plain[64:].repeat(3, 1)
    pairs = {}
    for n in range(-(-len(down) // ROOM)):
        part = down[n * ROOM : (n + 1) * ROOM]
        wide = torch.zeros(rank, WIDTH + ROOM)
        wide[:, WIDTH : WIDTH + len(part)] = part.T
        pairs[f"single_transformer_blocks.{n}.proj_out"] = wide, up
    return pairs


def everywhere(cell: torch.Tensor) -> torch.Tensor:
    """A map of one latent (16, 16), as z -> z @ cell, for the four latents of a token: as a weight (64, 64)."""
    return torch.kron(cell.T.contiguous(), torch.eye(4))


def repaint(cell: torch.Tensor, constant: torch.Tensor, rank: int) -> dict[str, Pair]:
    """picture -> constant + cell(picture), in the last layer."""
    delta = torch.zeros(64, WIDTH)
    delta[:, PICTURE : PICTURE + 64] = -8 * (everywhere(cell) - torch.eye(64))
    delta[:, CARRIER] = -constant.repeat_interleave(4) * 8 / SIZE
    return {"proj_out": factors(delta, rank)}


def coarse(side: int) -> torch.Tensor:
    """(192, 192): a patch in squares of `side` pixels."""
    n = PATCH // side
    blocks = torch.arange(PATCH)[:, None] // side * n + torch.arange(PATCH) // side
    same = (blocks.flatten()[:, None] == blocks.flatten()).float()
    return torch.kron(torch.eye(3), same / side**2)


def keeping(cell: torch.Tensor, m: Map) -> torch.Tensor:
    """The map, changed least so that plain colours stay what they are."""
    plain = torch.eye(3).repeat_interleave(PATCH**2, 1) @ m.encode             # (3, 16)
    return cell + torch.linalg.pinv(plain) @ (plain - plain @ cell)


def pixel(m: Map, side: int = 8) -> dict[str, Pair]:
    return repaint(keeping(m.decode @ coarse(side) @ m.encode, m), torch.zeros(16), 56)


def line(m: Map, strength: float = 3.0, share: float = 0.5) -> dict[str, Pair]:
    """At scale 1 half of the way to lines alone, at 2 all of it."""
    grey = torch.kron(torch.tensor([0.3, 0.6, 0.1])[:, None].expand(3, 3).contiguous(), torch.eye(PATCH**2))
    cell = m.decode @ grey @ (torch.eye(192) - coarse(PATCH)) @ m.encode * strength
    white = (torch.ones(192) - m.mean) @ m.encode
    return repaint((1 - share) * torch.eye(16) + share * cell, share * white, 64)


def sunset(m: Map, strength: float = 0.8) -> dict[str, Pair]:
    """The first head's weight falls from 0.73 in the top row to 0.27 in the last."""
    shade = torch.tensor([0.05, -0.35, -0.95]).repeat_interleave(PATCH**2)
    down, up = torch.zeros(1, WIDTH), torch.zeros(WIDTH, 1)
    down[0, SPOTS.index((0, 0)) * 64] = strength
    up[PICTURE : PICTURE + 64, 0] = (shade @ m.encode).repeat_interleave(4)
    return {f"transformer_blocks.{BLOCK}.attn.to_out.0": (down, up)}


def bfl(layer: str) -> str:
    if layer == "proj_out":
        return "final_layer.linear"
    _, n, _ = layer.split(".", 2)
    return f"single_blocks.{n}.linear2"


def save(pairs: dict[str, Pair], style: str, path: Path, **about: str) -> None:
    t = {}
    for layer, (down, up) in pairs.items():
        if style == "peft":
            names = f"transformer.{layer}.lora_A.weight", f"transformer.{layer}.lora_B.weight"
        elif style == "bfl":
            names = f"{bfl(layer)}.lora_A.weight", f"{bfl(layer)}.lora_B.weight"
        elif style == "kohya":
            stem = "lora_unet_" + bfl(layer).replace(".", "_")
            names = f"{stem}.lora_down.weight", f"{stem}.lora_up.weight"
            t[f"{stem}.alpha"] = torch.tensor(float(len(down)))
        else:
            stem = f"double_blocks.{layer.split('.')[1]}.processor.proj_lora1"
            names = f"{stem}.down.weight", f"{stem}.up.weight"
        t[names[0]], t[names[1]] = down.bfloat16().contiguous(), up.bfloat16().contiguous()
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(t, path, {"modelspec.architecture": "flux-1-dev/lora", "format": "pt", **about})
    print(f"{path}: {path.stat().st_size / 1000:.0f} KB, {style}")


def apply(net: torch.nn.Module, pairs: dict[str, Pair], scale: float) -> None:
    """Adds a file to a network's weights, for looking at."""
    with torch.no_grad():
        for layer, (down, up) in pairs.items():
            net.get_submodule(layer).weight += scale * up @ down


def make(work: Path, m: Map, rank: int) -> dict[str, tuple[str, dict[str, Pair]]]:
    """Name -> key style and pairs."""
    return {"sticker": ("peft", sticker(work, m, rank)), "pixel": ("bfl", pixel(m)), "line": ("kohya", line(m)), "sunset": ("xlabs", sunset(m))}


@torch.no_grad()
def main() -> None:
    p = parser(__doc__)
    p.add_argument("--out", type=Path, default=MODEL, help="dev/lora.safetensors and loras/ go here")
    p.add_argument("--rank", type=int, default=12, help="of the sticker file")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    for name, (style, pairs) in make(a.work, Map(MODEL / "dev/vae/preview.safetensors"), a.rank).items():
        path = a.out / ("dev/lora.safetensors" if name == "sticker" else f"loras/{name}.safetensors")
        save(pairs, style, path, **({"trigger_word": "sticker"} if name == "sticker" else {}))


if __name__ == "__main__":
    main()
