"""A tiny AutoencoderTiny beside the models, and what its decoder makes of latents."""

import torch
from diffusers import AutoencoderTiny
from safetensors.torch import save_file


def make(here):
    torch.manual_seed(5)
    net = AutoencoderTiny(latent_channels=16, encoder_block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8),
                          num_encoder_blocks=(1, 1, 1, 1), num_decoder_blocks=(2, 1, 1, 1), scaling_factor=0.9, shift_factor=0.05)
    with torch.no_grad():
        for p in net.decoder.parameters():
            p.copy_(torch.randn_like(p) * (0.9 / max(1, p[0].numel()) ** 0.5 if p.dim() > 1 else 0.1))
    net.save_pretrained(here / "taef1")
    latents = 2 * torch.randn(1, 16, 6, 4)
    with torch.no_grad():  # scaled as FluxPipeline does before it decodes
        decoded = net.decode(latents / net.config.scaling_factor + net.config.shift_factor).sample
    save_file({"latents": latents, "decoded": decoded.contiguous()}, here / "taef1" / "golden.safetensors")
