"""Lays out complete copies of dev and schnell for FluxPipeline.from_pretrained: schnell takes what it lacks from dev, and its LoRA goes into the weights."""

import argparse
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from config import MODEL


def assemble(model: Path, out: Path) -> None:
    for variant in ("dev", "schnell"):
        to = out / variant
        shutil.copytree(model / "dev", to, dirs_exist_ok=True)
        if variant != "dev":
            shutil.copytree(model / variant, to, dirs_exist_ok=True)
            if (lora := to / "pytorch_lora_weights.safetensors").exists():
                merge(lora, to / "transformer/diffusion_pytorch_model.safetensors")
                lora.unlink()


def merge(lora: Path, weights: Path) -> None:
    """Adds a LoRA of diffusers' keys to a transformer; what it changes is float32 from then on."""
    tensors = load_file(weights)
    for name, delta in deltas(lora).items():
        tensors[name] = tensors[name].float() + delta
    save_file(tensors, weights, {"format": "pt"})


def deltas(lora: Path) -> dict[str, torch.Tensor]:
    """What a LoRA of diffusers' keys adds to a transformer's weights."""
    pairs, out = load_file(lora), {}
    for key, down in pairs.items():
        if key.endswith(".lora_A.weight"):
            name = key.removeprefix("transformer.").removesuffix(".lora_A.weight") + ".weight"
            out[name] = pairs[key.replace("lora_A", "lora_B")].float() @ down.float()
    return out


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("out", type=Path, help="folder for dev/ and schnell/")
    p.add_argument("--model", type=Path, default=MODEL)
    a = p.parse_args()
    assemble(a.model, a.out)


if __name__ == "__main__":
    main()
