"""Tiny FLUX directories with random weights."""

import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxTransformer2DModel
from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

from . import vocab

# Scaled, so that pictures are neither grey nor saturated and the text matters.
TRANSFORMER = dict(patch_size=1, joint_attention_dim=24, pooled_projection_dim=16, num_layers=2, num_single_layers=2)
DYNAMIC = dict(shift=3.0, use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15, base_image_seq_len=16, max_image_seq_len=256)

MODELS = {
    "dev": dict(
        dtype=torch.float32,
        transformer=dict(TRANSFORMER, in_channels=64, num_attention_heads=2, attention_head_dim=16, axes_dims_rope=(4, 6, 6), guidance_embeds=True),
        vae=dict(latent_channels=16, block_out_channels=(4, 8, 8, 12), layers_per_block=1, norm_num_groups=4, use_quant_conv=False, use_post_quant_conv=False, scaling_factor=0.3611, shift_factor=0.1159),
        clip=dict(hidden_act="quick_gelu", legacy=True),
        scheduler=DYNAMIC,
        shards={"text_encoder_2": 2},
    ),
    "schnell": dict(
        dtype=torch.bfloat16,
        transformer=dict(TRANSFORMER, in_channels=16, num_attention_heads=3, attention_head_dim=8, axes_dims_rope=(2, 2, 4), guidance_embeds=False),
        vae=dict(latent_channels=4, block_out_channels=(4, 8, 8), layers_per_block=2, norm_num_groups=2, use_quant_conv=True, use_post_quant_conv=True, scaling_factor=0.7, shift_factor=-0.05),
        clip=dict(hidden_act="gelu", legacy=False),
        scheduler=dict(shift=1.0, use_dynamic_shifting=False),
        shards={},
    ),
    "wide": dict(
        dtype=torch.float32,
        transformer=dict(TRANSFORMER, in_channels=32, num_attention_heads=3, attention_head_dim=8, axes_dims_rope=(4, 2, 2), guidance_embeds=True),
        vae=dict(latent_channels=8, block_out_channels=(4, 4, 4, 8, 8, 8), layers_per_block=1, norm_num_groups=2, use_quant_conv=False, use_post_quant_conv=True, scaling_factor=1.1, shift_factor=0.0),
        clip=dict(hidden_act="quick_gelu", legacy=True),
        scheduler=DYNAMIC,
        shards={"transformer": 2},
        tokens=True,
    ),
}


def make(here: Path):
    for seed, (name, spec) in enumerate(MODELS.items()):
        torch.manual_seed(1000 + seed)
        root = here / "models" / name
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        clip_size, t5_size = vocab.make(root, added=spec.get("tokens", False))
        networks = dict(
            transformer=FluxTransformer2DModel(**spec["transformer"]),
            vae=vae(**spec["vae"]),
            text_encoder=clip(clip_size, **spec["clip"]),
            text_encoder_2=t5(t5_size),
        )
        for part, network in networks.items():
            randomise(network)
            network.to(spec["dtype"])
            size = sum(p.numel() * p.element_size() for p in network.parameters())
            shards = spec["shards"].get(part, 1)
            network.save_pretrained(root / part, max_shard_size="10GB" if shards == 1 else size * 6 // 10)
        FlowMatchEulerDiscreteScheduler(**spec["scheduler"]).save_pretrained(root / "scheduler")
        index = {
            "_class_name": "FluxPipeline",
            "_diffusers_version": "0.35.2",
            "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "text_encoder_2": ["transformers", "T5EncoderModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "tokenizer_2": ["transformers", "T5TokenizerFast"],
            "transformer": ["diffusers", "FluxTransformer2DModel"],
            "vae": ["diffusers", "AutoencoderKL"],
        }
        (root / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")


def vae(**config):
    levels = len(config["block_out_channels"])
    return AutoencoderKL(
        down_block_types=["DownEncoderBlock2D"] * levels,
        up_block_types=["UpDecoderBlock2D"] * levels,
        **config,
    )


def clip(vocab_size, hidden_act, legacy):
    end = vocab_size - 1
    return CLIPTextModel(CLIPTextConfig(
        vocab_size=vocab_size, hidden_size=16, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=77, projection_dim=16, hidden_act=hidden_act,
        bos_token_id=end - 1, eos_token_id=2 if legacy else end, pad_token_id=end,
    ))


def t5(vocab_size):
    return T5EncoderModel(T5Config(
        vocab_size=vocab_size, d_model=24, d_kv=8, num_heads=3, d_ff=40, num_layers=2, is_encoder_decoder=False,
        use_cache=False, feed_forward_proj="gated-gelu", dropout_rate=0.0, tie_word_embeddings=False,
    ))


@torch.no_grad()
def randomise(network):
    """Unit-variance weights, and norms and biases that are not 1 and 0."""
    for name, p in network.named_parameters():
        if p.dim() == 1:
            p.copy_(torch.randn_like(p) * 0.15 + (1.0 if "norm" in name and name.endswith("weight") else 0.0))
        elif "embedding" in name or "shared" in name or "embed_tokens" in name or "relative_attention_bias" in name:
            p.copy_(torch.randn_like(p) * 0.7)
        else:
            fan_in = p[0].numel()
            gain = 8**-0.25 if ".q.weight" in name or ".k.weight" in name else 1.0
            p.copy_(torch.randn_like(p) * gain * fan_in**-0.5)
