"""The one configuration, and where the work files lie."""

import argparse
import json
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
CONFIG = json.loads((HERE / "config.json").read_text())
STYLES = [s["name"] for s in CONFIG["styles"]]
COLOURS = CONFIG["colours"]
MODEL = HERE.parent / "models" / "emoji"


class Parser(argparse.ArgumentParser):
    """Arguments that take effect when they are read: threads, and the device on which tensors and networks are made."""

    def parse_args(self, *args, **kw) -> argparse.Namespace:
        a = super().parse_args(*args, **kw)
        torch.set_num_threads(a.threads)
        if hasattr(a, "device"):
            torch.set_default_device(a.device)
        return a


def bf16() -> torch.autocast:
    """bfloat16 arithmetic on the default device."""
    return torch.autocast(torch.get_default_device().type, dtype=torch.bfloat16)


def seeded(seed: int) -> torch.Generator:
    """Randomness of its own, on the default device."""
    return torch.Generator(torch.get_default_device()).manual_seed(seed)


def read(path: Path, **kw) -> dict:
    """What torch.save wrote, on the default device."""
    return torch.load(path, weights_only=True, map_location=torch.get_default_device(), **kw)


def parser(about: str, device: bool = False) -> argparse.ArgumentParser:
    """An argument parser with the options that every script shares. device: whether this one may run elsewhere than on the CPU."""
    p = Parser(description=about, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    if device:
        p.add_argument("--device", default="cpu", help="where to compute, as torch names it: cpu, cuda")
    p.add_argument("--work", type=Path, default=HERE / "work", help="folder for rendered data and checkpoints")
    p.add_argument("--threads", type=int, default=2, help="CPU threads")
    p.add_argument("--seed", type=int, default=CONFIG["seed"], help="seed of everything random")
    return p
