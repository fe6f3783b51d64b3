"""The networks in diffusers layout, and how their tensors are laid out."""

from pathlib import Path

import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, CLIPTokenizer, T5EncoderModel, T5TokenizerFast

from config import MODEL


class Text(torch.nn.Module):
    """Both text encoders, read from a folder, with its tokenizers or the committed ones."""

    def __init__(self, folder: Path):
        super().__init__()
        self.clip = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
        self.t5 = T5EncoderModel.from_pretrained(folder / "text_encoder_2", dtype=torch.float32)
        own = folder if (folder / "tokenizer").exists() else MODEL / "dev"
        self.clip_tokens = CLIPTokenizer.from_pretrained(own / "tokenizer")
        self.t5_tokens = T5TokenizerFast.from_pretrained(own / "tokenizer_2")
        self.to(torch.get_default_device())

    def forward(self, captions: list[str], length: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
        """Captions -> T5 states (b, length, .) and CLIP's pooled output (b, .)."""
        device = self.t5.device
        a = self.t5_tokens(captions, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids
        b = self.clip_tokens(captions, padding="longest", max_length=77, truncation=True, return_tensors="pt").input_ids
        return self.t5(a.to(device)).last_hidden_state, self.clip(b.to(device)).pooler_output

    def save(self, folder: Path) -> None:
        for net, name in ((self.clip, "text_encoder"), (self.t5, "text_encoder_2")):
            net.to(torch.bfloat16).save_pretrained(folder / name)
            net.to(torch.float32)


def transformer(folder: Path) -> FluxTransformer2DModel:
    return FluxTransformer2DModel.from_pretrained(folder / "transformer", torch_dtype=torch.float32).to(torch.get_default_device())


def save(net: torch.nn.Module, folder: Path) -> None:
    """Writes a diffusers network in bf16; tensors that 8 bits hold exactly, like all those that are zero, in 8."""
    net.to(torch.bfloat16).save_pretrained(folder)
    config = folder / "config.json"
    config.write_text("".join(line for line in config.read_text().splitlines(True) if "_name_or_path" not in line))   # a folder of this machine
    path = folder / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    for name, x in tensors.items():
        small = x.to(torch.float8_e4m3fn)
        if torch.equal(small.float(), x.float()):
            tensors[name] = small
    save_file(tensors, path, {"format": "pt"})
    path.chmod(0o644)


def autoencoder_of(folder: Path) -> AutoencoderKL:
    return AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32).to(torch.get_default_device())


CHANNELS = (8, 16, 24, 48, 96, 128)           # of the autoencoder's levels, from pixels inwards


def autoencoder(channels: tuple[int, ...] = CHANNELS) -> AutoencoderKL:
    """An autoencoder of 32 pixels to a latent, its weights at random."""
    n = len(channels)
    return AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=16, block_out_channels=channels, layers_per_block=1, norm_num_groups=2,
        down_block_types=["DownEncoderBlock2D"] * n, up_block_types=["UpDecoderBlock2D"] * n,
        use_quant_conv=False, use_post_quant_conv=False, scaling_factor=1.0, shift_factor=0.0, sample_size=1024)


def pack(z: torch.Tensor) -> torch.Tensor:
    """Latents (b, 16, h, w) -> tokens (b, h/2 * w/2, 64), as FluxPipeline does."""
    b, c, h, w = z.shape
    return z.view(b, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5).reshape(b, h * w // 4, c * 4)


def unpack(x: torch.Tensor, h: int, w: int) -> torch.Tensor:
    """Tokens (b, h * w, 64) -> latents (b, 16, 2h, 2w). h and w count tokens."""
    return x.view(x.shape[0], h, w, 16, 2, 2).permute(0, 3, 1, 4, 2, 5).reshape(x.shape[0], 16, h * 2, w * 2)


def positions(h: int, w: int) -> torch.Tensor:
    """The image tokens' ids (h * w, 3): 0, row, column."""
    ids = torch.zeros(h, w, 3)
    ids[..., 1] = torch.arange(h)[:, None]
    ids[..., 2] = torch.arange(w)[None]
    return ids.view(-1, 3)
