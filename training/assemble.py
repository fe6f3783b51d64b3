"""Lays out complete copies of dev and schnell for FluxPipeline.from_pretrained: schnell takes what it lacks from dev."""

import argparse
import shutil
from pathlib import Path

from config import MODEL


def assemble(model: Path, out: Path) -> None:
    for variant in ("dev", "schnell"):
        to = out / variant
        shutil.copytree(model / "dev", to, dirs_exist_ok=True)
        if variant != "dev":
            shutil.copytree(model / variant, to, dirs_exist_ok=True)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("out", type=Path, help="folder for dev/ and schnell/")
    p.add_argument("--model", type=Path, default=MODEL)
    a = p.parse_args()
    assemble(a.model, a.out)


if __name__ == "__main__":
    main()
