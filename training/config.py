"""The one configuration, and where the work files lie."""

import argparse
import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIG = json.loads((HERE / "config.json").read_text())
STYLES = [s["name"] for s in CONFIG["styles"]]
COLOURS = CONFIG["colours"]
MODEL = HERE.parent / "models" / "emoji"


def parser(about: str) -> argparse.ArgumentParser:
    """An argument parser with the options that every script shares."""
    p = argparse.ArgumentParser(description=about, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--work", type=Path, default=HERE / "work", help="folder for rendered data and checkpoints")
    p.add_argument("--threads", type=int, default=2, help="CPU threads")
    p.add_argument("--seed", type=int, default=CONFIG["seed"], help="seed of everything random")
    return p
