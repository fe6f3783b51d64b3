"""Writes a diffusers directory with FLUX.1-dev's own configs and random bf16
weights, in shards, one tensor in memory at a time: for measuring full-size
models. Tokenizers and scheduler are copied from another directory.

    python fullsize.py OUT --base models/emoji/dev                      # 33 GB, as FLUX.1-dev
    python fullsize.py OUT --only transformer --double 1 --single 1     # 1 GB, one block of each
"""

import argparse
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel
from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

CLIP = dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, projection_dim=768,
            max_position_embeddings=77, vocab_size=49408, hidden_act="quick_gelu", eos_token_id=2)
T5 = dict(d_model=4096, d_ff=10240, d_kv=64, num_heads=64, vocab_size=32128, feed_forward_proj="gated-gelu",
          tie_word_embeddings=False)
VAE = dict(in_channels=3, out_channels=3, latent_channels=16, block_out_channels=[128, 256, 512, 512],
           down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4, layers_per_block=2,
           norm_num_groups=32, sample_size=1024, scaling_factor=0.3611, shift_factor=0.1159,
           use_quant_conv=False, use_post_quant_conv=False)
INDEX = {
    "_class_name": "FluxPipeline",
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"], "text_encoder_2": ["transformers", "T5EncoderModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"], "tokenizer_2": ["transformers", "T5TokenizerFast"],
    "transformer": ["diffusers", "FluxTransformer2DModel"], "vae": ["diffusers", "AutoencoderKL"],
}


def networks(a):
    """Each network's folder, file stem and model; on the meta device, which holds no weights."""
    with torch.device("meta"):
        yield "transformer", "diffusion_pytorch_model", FluxTransformer2DModel(
            num_layers=a.double, num_single_layers=a.single, guidance_embeds=True)
        yield "vae", "diffusion_pytorch_model", AutoencoderKL(**VAE)
        yield "text_encoder", "model", CLIPTextModel(CLIPTextConfig(**CLIP))
        yield "text_encoder_2", "model", T5EncoderModel(T5Config(num_layers=a.t5_layers, **T5))


class Values:
    """bf16 values of a normal distribution: slices of one pool, which is drawn once."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.normal = self.random.standard_normal(1 << 24, dtype=np.float32)
        self.pools = {}

    def pool(self, spread):
        if spread not in self.pools:
            values = np.ones_like(self.normal) if spread is None else self.normal * np.float32(spread)
            self.pools[spread] = (values.view(np.uint32) >> 16).astype("<u2")
        return self.pools[spread]

    def write(self, f, name, shape):
        count, spread = int(np.prod(shape)), 0.02
        if "norm" in name and name.endswith("weight") and len(shape) == 1:
            spread = None  # ones
        elif len(shape) > 1:
            spread = int(np.prod(shape[1:])) ** -0.5  # keeps activations at about their size
        pool = self.pool(spread)
        start = int(self.random.integers(len(pool)))
        while count > 0:
            part = pool[start:start + count]
            f.write(part.tobytes())
            count, start = count - len(part), 0


def write(folder, stem, tensors, values, limit):
    """tensors: name → shape."""
    shards, size = [{}], 0
    for name, shape in tensors.items():
        n = 2 * int(np.prod(shape))
        if shards[-1] and size + n > limit:
            shards.append({})
            size = 0
        shards[-1][name] = shape
        size += n
    where = {}
    for i, shard in enumerate(shards):
        file = f"{stem}.safetensors" if len(shards) == 1 else f"{stem}-{i + 1:05}-of-{len(shards):05}.safetensors"
        header, at = {}, 0
        for name, shape in shard.items():
            n = 2 * int(np.prod(shape))
            header[name], at, where[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [at, at + n]}, at + n, file
        raw = json.dumps(header).encode()
        raw += b" " * (-len(raw) % 8)
        with open(folder / file, "wb") as f:
            f.write(struct.pack("<Q", len(raw)) + raw)
            for name, shape in shard.items():
                values.write(f, name, shape)
        print(folder / file, f"{at / 1e9:.2f} GB", flush=True)
    if len(shards) > 1:
        (folder / f"{stem}.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out", type=Path)
    p.add_argument("--base", type=Path, help="directory to take tokenizers and scheduler from")
    p.add_argument("--only", help="one network's folder")
    p.add_argument("--double", type=int, default=19)
    p.add_argument("--single", type=int, default=38)
    p.add_argument("--t5-layers", type=int, default=24)
    p.add_argument("--shard", type=float, default=10, help="GB")
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    values = Values(a.seed)
    for name, stem, model in networks(a):
        if a.only not in (None, name):
            continue
        folder = a.out / name
        folder.mkdir(parents=True, exist_ok=True)
        (model.save_config if hasattr(model, "save_config") else model.config.save_pretrained)(folder)
        tensors = {k: tuple(v.shape) for k, v in model.state_dict().items()
                   if k != "encoder.embed_tokens.weight" and not k.endswith("position_ids")}  # tied; not a weight
        write(folder, stem, tensors, values, a.shard * 1e9)
    if a.base:
        for part in ("scheduler", "tokenizer", "tokenizer_2"):
            shutil.copytree(a.base / part, a.out / part, dirs_exist_ok=True)
        (a.out / "model_index.json").write_text(json.dumps(INDEX, indent=2))


if __name__ == "__main__":
    main()
