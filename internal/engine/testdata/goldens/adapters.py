"""LoRA files in the key styles found in the wild, and the dev model's runs with them."""

import inspect
import shutil
from pathlib import Path

import torch
from diffusers.loaders import lora_conversion_utils, lora_pipeline
from safetensors.torch import load_file, save_file

from . import pipelines

WIDTH, BLOCKS = 32, 2  # of models/dev: its inner size, its double and its single blocks
SCALES = {"100": 1.0, "50": 0.5, "minus50": -0.5}
CASE = dict(model="dev", kind="txt2img", width=64, height=48, steps=2, guidance=3.5, seed=21, max_sequence_length=16)

# BFL's layers with their input and output widths; diffusers splits the fused ones.
DOUBLE = {
    "img_attn.qkv": (1, 3), "img_attn.proj": (1, 1), "img_mlp.0": (1, 4), "img_mlp.2": (4, 1), "img_mod.lin": (1, 6),
    "txt_attn.qkv": (1, 3), "txt_attn.proj": (1, 1), "txt_mlp.0": (1, 4), "txt_mlp.2": (4, 1), "txt_mod.lin": (1, 6),
}
SINGLE = {"linear1": (1, 7), "linear2": (5, 1), "modulation.lin": (1, 3)}


def make(here: Path):
    shutil.rmtree(here / "lora", ignore_errors=True)
    (here / "lora").mkdir()
    shrink()
    torch.manual_seed(77)
    for style, tensors in STYLES.items():
        file = here / "lora" / f"{style}.safetensors"
        save_file({k: v.contiguous() for k, v in tensors().items()}, file, metadata={"trigger_word": f"TOK {style}"})
        file.chmod(0o644)
        for name, scale in SCALES.items():
            run(here, f"lora-{style}-{name}", dict(CASE, lora=file.name, lora_scale=scale))
    run(here, "lora-none", dict(CASE))
    run(here, "lora-two", dict(CASE, lora="peft.safetensors", lora_scale=0.75, extra_lora="kohya.safetensors", extra_lora_scale=-0.5))


def run(here: Path, name, case):
    pipe = pipelines.load(here, case)
    scales = {}
    for adapter in ("lora", "extra_lora"):
        if adapter in case:
            # This version of diffusers drops sd-scripts' own prefix and reads the older one.
            tensors = {k.replace("lora_te1_", "lora_te_"): v for k, v in load_file(here / "lora" / case[adapter]).items()}
            pipe.load_lora_weights(tensors, adapter_name=adapter)
            as_trained(pipe, tensors, adapter)
            scales[adapter] = case[adapter + "_scale"]
    if scales:
        pipe.set_adapters(list(scales), list(scales.values()))
    out = pipelines.run(pipe, case)
    keep = ("pooled", "latents.2", "velocity.0", "pixels")
    pipelines.save(here, name, case, out, lambda key: key.startswith(keep))
    print(" ", name)


def as_trained(pipe, tensors, adapter):
    """Undo a slip: where ranks differ and alpha is folded into the weights already, this version of diffusers
    scales every layer by the first layer's rank over its own."""
    if any(k.startswith("transformer.") for k in tensors):
        return  # diffusers' own names: alpha was not folded
    for component in (pipe.transformer, pipe.text_encoder):
        for m in component.modules():
            if adapter in getattr(m, "lora_alpha", {}):
                m.lora_alpha[adapter] = m.r[adapter]


def shrink():
    """diffusers' converters have FLUX.1's sizes built in: put the tiny model's there."""
    for name in ("_convert_kohya_flux_lora_to_diffusers", "_convert_fal_kontext_lora_to_diffusers"):
        source = inspect.getsource(getattr(lora_conversion_utils, name))
        for big, small in {"12288": 4 * WIDTH, "3072": WIDTH, "range(19)": f"range({BLOCKS})", "range(38)": f"range({BLOCKS})", "= 19": f"= {BLOCKS}", "= 38": f"= {BLOCKS}"}.items():
            source = source.replace(big, str(small))
        exec(source, lora_conversion_utils.__dict__)
        setattr(lora_pipeline, name, getattr(lora_conversion_utils, name))


def pair(inputs, outputs, rank):
    """Down and up, both with an effect that shows and does not drown the model."""
    return torch.randn(rank, inputs) * inputs**-0.5, torch.randn(outputs, rank) * 0.25


def bfl_layers():
    for i in range(BLOCKS):
        for layer, (a, b) in DOUBLE.items():
            yield f"double_blocks.{i}.{layer}", a * WIDTH, b * WIDTH
        for layer, (a, b) in SINGLE.items():
            yield f"single_blocks.{i}.{layer}", a * WIDTH, b * WIDTH


def clip_layers():
    for i in range(2):
        for layer in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj"):
            yield f"text_model.encoder.layers.{i}.{layer}", 16, 16
        yield f"text_model.encoder.layers.{i}.mlp.fc1", 16, 40
        yield f"text_model.encoder.layers.{i}.mlp.fc2", 40, 16


def diffusers_layers():
    w = WIDTH
    for i in range(BLOCKS):
        block = f"transformer_blocks.{i}."
        for layer in ("to_q", "to_k", "to_v", "add_q_proj", "add_k_proj", "add_v_proj", "to_out.0", "to_add_out"):
            yield f"{block}attn.{layer}", w, w
        for layer in ("ff", "ff_context"):
            yield f"{block}{layer}.net.0.proj", w, 4 * w
            yield f"{block}{layer}.net.2", 4 * w, w
        for layer in ("norm1", "norm1_context"):
            yield f"{block}{layer}.linear", w, 6 * w
        block = f"single_transformer_blocks.{i}."
        for layer in ("to_q", "to_k", "to_v"):
            yield f"{block}attn.{layer}", w, w
        yield f"{block}proj_mlp", w, 4 * w
        yield f"{block}proj_out", 5 * w, w
        yield f"{block}norm.linear", w, 3 * w
    yield "x_embedder", 64, w
    yield "context_embedder", 24, w
    yield "norm_out.linear", w, 2 * w
    yield "proj_out", w, 64
    for layer, inputs in (("timestep", 256), ("guidance", 256), ("text", 16)):
        yield f"time_text_embed.{layer}_embedder.linear_1", inputs, w
        yield f"time_text_embed.{layer}_embedder.linear_2", w, w


def peft():
    out = {}
    for layer, a, b in diffusers_layers():
        out[f"transformer.{layer}.lora_A.weight"], out[f"transformer.{layer}.lora_B.weight"] = pair(a, b, 2)
    for layer, a, b in clip_layers():
        out[f"text_encoder.{layer}.lora_A.weight"], out[f"text_encoder.{layer}.lora_B.weight"] = pair(a, b, 2)
    return out


def peft_alpha():
    """Only some layers, each with an alpha that is not its rank, and ranks that differ."""
    out = {}
    for n, (layer, a, b) in enumerate(l for l in diffusers_layers() if "attn.to_" in l[0]):
        rank = 1 + n % 3
        out[f"transformer.{layer}.lora_A.weight"], out[f"transformer.{layer}.lora_B.weight"] = pair(a, b, rank)
        out[f"transformer.{layer}.alpha"] = torch.tensor(0.5 + rank)
    return out


def kohya():
    """sd-scripts' names: alpha in every layer, ranks that differ, one fused layer sparse."""
    out = {}
    for n, (layer, a, b) in enumerate(bfl_layers()):
        rank = (4, 2, 3)[n % 3]
        name = "lora_unet_" + layer.replace(".", "_")
        down, up = pair(a, b, rank)
        if layer == "double_blocks.1.img_attn.qkv":  # three ranks, each for one third
            down, up = pair(a, b, 3)
            up = torch.block_diag(*up[:, :1].split(WIDTH))
            rank = 3
        out[f"{name}.lora_down.weight"], out[f"{name}.lora_up.weight"] = down, up
        out[f"{name}.alpha"] = torch.tensor(float((1, 4, 8)[n % 3]))
    for layer, a, b in clip_layers():
        name = "lora_te1_" + layer.replace(".", "_")
        out[f"{name}.lora_down.weight"], out[f"{name}.lora_up.weight"] = pair(a, b, 2)
        out[f"{name}.alpha"] = torch.tensor(1.0)
    return {k: v.to(torch.bfloat16) for k, v in out.items()}


def comfy():
    """Kohya's tensors under BFL's dotted names."""
    out = {}
    for layer, a, b in bfl_layers():
        if layer.startswith("double"):
            out[f"diffusion_model.{layer}.lora_down.weight"], out[f"diffusion_model.{layer}.lora_up.weight"] = pair(a, b, 2)
            out[f"diffusion_model.{layer}.alpha"] = torch.tensor(2.0)
    return {k: v.to(torch.float16) for k, v in out.items()}


def bfl():
    out = {}
    layers = list(bfl_layers()) + [("final_layer.linear", WIDTH, 64)]
    for layer, a, b in layers:
        out[f"base_model.model.{layer}.lora_A.weight"], out[f"base_model.model.{layer}.lora_B.weight"] = pair(a, b, 2)
    return out


def xlabs():
    out = {}
    for i in range(BLOCKS):
        block = f"double_blocks.{i}.processor."
        for layer, b in (("qkv_lora1", 3), ("proj_lora1", 1), ("qkv_lora2", 3), ("proj_lora2", 1)):
            out[f"{block}{layer}.down.weight"], out[f"{block}{layer}.up.weight"] = pair(WIDTH, b * WIDTH, 2)
        block = f"single_blocks.{i}.processor."
        for layer, a, b in (("qkv_lora", 1, 3), ("proj_lora", 5, 1)):
            out[f"{block}{layer}.down.weight"], out[f"{block}{layer}.up.weight"] = pair(a * WIDTH, b * WIDTH, 2)
    return out


STYLES = dict(peft=peft, peft_alpha=peft_alpha, kohya=kohya, comfy=comfy, bfl=bfl, xlabs=xlabs)
