"""The last single blocks: trained by gradient to correct the remembered picture by what the noisy latent says.

Here is where they start, and what stands before them while they are trained alone: hidden states and modulations, made from
codes and latents without running the blocks before."""

import torch
import torch.nn.functional as F
from diffusers import FluxTransformer2DModel

import slots
import times
from config import seeded
from layout import (BASIS, CARRIER, CARRIERS, CLEAR, CLOCK, CODE, COLOUR, CONST, FLAGGED, LOOK, MEMORIES, NOISE, ONE, PICTURE, PLACE, PLACES, RAW, REFINERS, SEVERAL, TAKEN,
                    THREE, WIDTH, exactly, rounded)
from model import Text, positions
from places import FAR
from recall import SIDES, Recall, Targets
from shapes import shift

GUIDANCE = 0.04                                # how much stronger a point of guidance makes the remembered part
HEADS, HEAD = 4, 64
NEAR = ((-1, 0), (1, 0), (0, -1), (0, 1))      # where heads look at first: rows and columns away
WAVES = ((0, 0.5), (1, 0.3), (2, 0.2))         # rotary frequencies that find a neighbour, and their parts


@torch.no_grad()
def start(block: torch.nn.Module, n: int, deviation: float) -> None:
    """Random features of all channels at size one, heads that look at neighbours, no correction yet."""
    g = seeded(100 + n)
    scale = block.norm.linear.bias.view(3, WIDTH)[1]
    block.norm.linear.weight.zero_(), block.norm.linear.bias.zero_()
    scale[:] = deviation - 1
    scale[CLEAR : CLEAR + BASIS] = deviation / 4 - 1
    scale[RAW : RAW + 8], scale[PLACE : PLACE + PLACES] = -0.7, 0
    scale[CARRIER : CARRIER + CARRIERS], scale[CONST] = -0.65, -1
    if n == 0:
        # What surprises stands in the first block's units as it is, and beyond thresholds: to be taken off, or kept.
        for first, clock in ((NOISE, times.LEFT_NOISY), (PICTURE, times.LEFT_PICTURE)):
            scale[first : first + 64] = -1
            for row in range(WIDTH + first, WIDTH + first + 64):
                block.norm.linear.weight[row, CLOCK + clock] = deviation
    for row in range(2 * WIDTH, 3 * WIDTH):
        block.norm.linear.weight[row, CLOCK + times.LOUD] = 1
    attn = block.attn
    for layer in (attn.to_q, attn.to_k, attn.to_v, block.proj_mlp):
        layer.weight.copy_(torch.randn(layer.weight.shape, generator=g) * 0.7 / WIDTH**0.5)
        layer.bias.zero_()
        layer.weight[:, CARRIER : CARRIER + CARRIERS] = 0                      # constants are for the key of image tokens alone
    if n == 0:
        for k in range(512):
            channel, sign, threshold = k % 64, 1 - 2 * (k // 64 % 2), (0.0, 0.3, 1.0, 2.5)[k // 128]
            block.proj_mlp.weight[k] = 0
            block.proj_mlp.weight[k, NOISE + channel], block.proj_mlp.weight[k, PICTURE + channel] = sign, -sign
            block.proj_mlp.bias[k] = -threshold
    signs = torch.tensor([1.0, -1.0]).repeat(CARRIERS // 2)
    for head in range(HEADS):
        first = head * HEAD
        attn.to_q.bias[first] = 3.5
        attn.to_k.weight[first, CARRIER : CARRIER + CARRIERS] = signs * 3.5 / CARRIERS
        if n == 1 and head > 1:
            continue                                                           # these look everywhere
        for axis, away in zip((16, 40), NEAR[head] if n != 1 else (0, 0)):
            for wave, share in WAVES:
                pair, angle, size = first + axis + 2 * wave, away * 10000 ** (-2 * wave / 24), 5 * share**0.5
                attn.to_k.bias[pair] = size
                attn.to_q.bias[pair], attn.to_q.bias[pair + 1] = size * torch.cos(torch.tensor(angle)), size * torch.sin(torch.tensor(angle))
    for norm in (attn.norm_q, attn.norm_k):
        norm.weight.fill_(1.3)
    block.proj_out.weight.zero_(), block.proj_out.bias.zero_()


class Before:
    """What the refining blocks are given."""

    def __init__(self, net: FluxTransformer2DModel, text: Text, memory: Recall, things: list[Recall], targets: Targets, captions: list[str]):
        self.net, self.text, self.memory, self.things, self.targets = net, text, memory, things, targets
        self.size = sizes(net)
        self.shown, self.grids = captions, {}
        self.words = self.observe(8, 8, captions)[0]

    @torch.no_grad()
    def observe(self, h: int, w: int, captions: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden states of text and image before the first refining block, for pure noise."""
        seen = []
        block = self.net.single_transformer_blocks[MEMORIES + 1]
        hook = block.register_forward_pre_hook(lambda m, args, kw: seen.append(kw), with_kwargs=True)
        states, pooled = self.text(captions)
        n = len(captions)
        self.net(hidden_states=torch.zeros(n, h * w, 64), encoder_hidden_states=states, pooled_projections=pooled, timestep=torch.ones(n),
                 guidance=torch.full((n,), 3.5), img_ids=positions(h, w), txt_ids=torch.zeros(states.shape[1], 3))
        hook.remove()
        return seen[0]["encoder_hidden_states"], seen[0]["hidden_states"]

    def grid(self, h: int, w: int) -> torch.Tensor:
        """The image's hidden states where nothing is remembered but the places (h * w, 256)."""
        if (h, w) not in self.grids:
            self.grids[h, w] = self.observe(h, w, self.shown[:1])[1][0]
        return self.grids[h, w]

    @torch.no_grad()
    def said(self, code: torch.Tensor, back: torch.Tensor, t: torch.Tensor, guidance: torch.Tensor, look: torch.Tensor | float = 0.0,
             count: torch.Tensor | None = None) -> torch.Tensor:
        """What modulations read, without the offsets (n, 256). count: of things in a scene."""
        e = self.net.time_text_embed
        vec = e.timestep_embedder(e.time_proj(t * 1000)) + e.guidance_embedder(e.time_proj(guidance * 1000))
        vec = F.silu(vec)
        vec[:, :CODE], vec[:, COLOUR : COLOUR + 3], vec[:, ONE] = code / self.size, back, 0
        vec[:, LOOK] = look
        count = torch.ones(len(vec)) if count is None else count
        vec[:, SEVERAL], vec[:, THREE] = (F.silu(FLAGGED * (2 * (count >= n) - 1.0)) for n in (2, 3))
        return vec

    @torch.no_grad()
    def recalled(self, h: int, w: int, code: torch.Tensor, guidance: torch.Tensor, count: torch.Tensor | None = None) -> torch.Tensor:
        """What is remembered at each token (n, tokens, 64 + BASIS). count: of things, if these are scenes."""
        at = shift(h, w)
        if count is None:
            y = self.plain(self.memory, code)[:, place_map(h, w, at, FAR)]
        else:
            y, parts = 0, code.unflatten(1, (slots.SLOTS, -1))
            for slot, spots in enumerate(slots.spots(h, w, at)):
                shown = torch.tensor([slot in slots.SHOWN[n] for n in count.tolist()])
                y = y + self.plain(self.things[slot], parts[:, slot])[:, spots] * shown[:, None, None]
        return self.targets.base + y * (1 + GUIDANCE * (guidance - 3.5))[:, None, None]

    def plain(self, memory: Recall, code: torch.Tensor) -> torch.Tensor:
        """All places of a memory, and one more, where nothing is (n, places + 1, 64 + BASIS)."""
        return F.pad(self.targets.plain(memory.everywhere(code)).transpose(0, 1), (0, 0, 0, 1))

    def compose(self, y: torch.Tensor, back: torch.Tensor) -> torch.Tensor:
        """(n, tokens, 64 + BASIS) on backgrounds (n, 3) -> (n, tokens, 64)"""
        clear = (y[..., 64:] @ self.targets.basis.T + self.targets.middle).unflatten(2, (3, 64))
        return y[..., :64] + torch.einsum("nc,npcd->npd", back, clear)

    def hidden(self, h: int, w: int, x: torch.Tensor, y: torch.Tensor, back: torch.Tensor) -> torch.Tensor:
        """For noisy latents x (n, tokens, 64) and what is remembered there, y (n, tokens, 64 + BASIS)."""
        s = self.grid(h, w).expand(len(x), -1, -1).clone()
        s[..., NOISE : NOISE + 64], s[..., PICTURE : PICTURE + 64] = x, self.compose(y, back)
        s[..., CLEAR : CLEAR + 3 * BASIS] = y[..., 64:].repeat(1, 1, 3)
        return s

    def some_words(self, n: int, length: int) -> torch.Tensor:
        """States of the text, drawn from captions' (n, length, 256)."""
        words = self.words.flatten(0, 1)
        return words[torch.randint(len(words), (n, length))]

    def velocity(self, hidden: torch.Tensor, vec: torch.Tensor) -> torch.Tensor:
        """What the last layers make of it (n, tokens, 64)."""
        one = torch.zeros(WIDTH)
        one[ONE] = 1
        scale, shift = self.net.norm_out.linear(vec + one)[:, None].chunk(2, 2)
        return self.net.proj_out(self.net.norm_out.norm(hidden.float()) * (1 + scale) + shift)


class Refiner(torch.nn.Module):
    """The last blocks by themselves; their modulations read vec without its offsets."""

    def __init__(self, blocks: torch.nn.ModuleList, rope: torch.nn.Module):
        super().__init__()
        self.blocks = blocks
        for b in blocks:
            b.norm.silu = torch.nn.Identity()
        self.rope = rope

    @classmethod
    def of(cls, full: FluxTransformer2DModel) -> tuple["Refiner", torch.Tensor]:
        """A model's last blocks, taken in place, and the offsets that their modulations are without now."""
        net, off = cls(full.single_transformer_blocks[MEMORIES + 1 :], full.pos_embed), offsets(full)
        for block in net.blocks:
            unfold(block.norm.linear, off)
        return net, off

    def forward(self, hidden: torch.Tensor, words: torch.Tensor, vec: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        """Hidden states of image and text -> the image's after the blocks (n, tokens, 256)."""
        rope = self.rope(torch.cat([torch.zeros(words.shape[1], 3), ids]))
        for b in self.blocks:
            words, hidden = b(hidden_states=hidden, encoder_hidden_states=words, temb=vec, image_rotary_emb=rope)
        return hidden


@torch.no_grad()
def sizes(net: FluxTransformer2DModel) -> torch.Tensor:
    """How many times larger codes are than what vec holds of them (CODE)."""
    shift = net.single_transformer_blocks[0].norm.linear.weight
    return torch.stack([shift[channel, j] for j, channel in enumerate(TAKEN[:CODE])])


@torch.no_grad()
def offsets(net: FluxTransformer2DModel) -> torch.Tensor:
    """What the activated vec carries beside codes and background, as the written blocks take it off: OFFSET, nearly (CODE + 3)."""
    first, last = net.single_transformer_blocks[0].norm.linear, net.single_transformer_blocks[-REFINERS - 1].norm.linear
    codes = [-(first.bias[c] + first.weight[c, ONE]) / first.weight[c, j] for j, c in enumerate(TAKEN[:CODE])]
    rows = [WIDTH + CLEAR + c * BASIS for c in range(3)]
    return torch.stack(codes + [-1 - last.bias[row] - last.weight[row, ONE] for row in rows])


@torch.no_grad()
def fold(linear: torch.nn.Linear, own: torch.nn.Linear, off: torch.Tensor) -> None:
    """Writes a modulation that was trained without offsets as one that reads the activated vec."""
    linear.weight.copy_(rounded(own.weight))
    linear.weight[:, ONE] = 0
    bias = own.bias - linear.weight[:, : CODE + 3] @ off
    for row, value in enumerate(bias.tolist()):
        exactly(linear, row, value)


@torch.no_grad()
def unfold(linear: torch.nn.Linear, off: torch.Tensor) -> None:
    """The other way: in place."""
    linear.bias += linear.weight[:, : CODE + 3] @ off + linear.weight[:, ONE]
    linear.weight[:, ONE] = 0


def place_map(h: int, w: int, shift: tuple[int, int], far: int) -> torch.Tensor:
    """For each token of a grid, which remembered place it shows; the last one, of nothing, where none (h * w)."""
    large, small = SIDES
    rows, columns = torch.arange(h)[:, None] + shift[0], torch.arange(w)[None] + shift[1]
    inside = lambda i, first, side: (i >= first) & (i < first + side)
    big = inside(rows, 0, large) & inside(columns, 0, large)
    little = inside(rows, far, small) & inside(columns, far, small)
    place = torch.full((h, w), large**2 + small**2)
    place = torch.where(big, rows * large + columns, place)
    return torch.where(little, large**2 + (rows - far) * small + columns - far, place).flatten()
