"""Whole runs of diffusers' Flux pipelines, with what every stage made."""

import contextlib
import json
from pathlib import Path

import diffusers
import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

PIPELINES = dict(txt2img=diffusers.FluxPipeline, img2img=diffusers.FluxImg2ImgPipeline, inpaint=diffusers.FluxInpaintPipeline)
PROMPT = "a 3d emoji of a rocket flying over the blue sea"

CASES = {
    "dev-square": dict(model="dev", kind="txt2img", width=64, height=64, steps=4, guidance=3.5, seed=7, max_sequence_length=32),
    "dev-21x9": dict(model="dev", kind="txt2img", width=144, height=64, steps=3, guidance=1.5, seed=4294967301, max_sequence_length=16, prompt="Café 東京 naïve — it's a “test” 🚀 with unknown ☃ letters"),
    "dev-empty": dict(model="dev", kind="txt2img", width=32, height=48, steps=1, guidance=0.0, seed=0, max_sequence_length=48, prompt=""),
    "dev-long": dict(model="dev", kind="txt2img", width=48, height=32, steps=2, guidance=10.0, seed=-3, max_sequence_length=16, prompt=", ".join([PROMPT] * 12)),
    "schnell-square": dict(model="schnell", kind="txt2img", width=32, height=32, steps=4, guidance=0.0, seed=8, max_sequence_length=24),
    "schnell-9x16": dict(model="schnell", kind="txt2img", width=24, height=40, steps=2, guidance=3.5, seed=9, max_sequence_length=40),
    "wide-square": dict(model="wide", kind="txt2img", width=128, height=128, steps=3, guidance=3.5, seed=10, max_sequence_length=32),
    "wide-21x9": dict(model="wide", kind="txt2img", width=192, height=64, steps=2, guidance=3.5, seed=11, max_sequence_length=16),
    "dev-img2img-60": dict(model="dev", kind="img2img", width=64, height=48, steps=4, guidance=3.5, seed=12, max_sequence_length=16, strength=0.6),
    "dev-img2img-100": dict(model="dev", kind="img2img", width=48, height=64, steps=3, guidance=3.5, seed=13, max_sequence_length=16, strength=1.0),
    "dev-img2img-10": dict(model="dev", kind="img2img", width=32, height=32, steps=28, guidance=3.5, seed=14, max_sequence_length=16, strength=0.1),
    "schnell-img2img-50": dict(model="schnell", kind="img2img", width=40, height=24, steps=4, guidance=0.0, seed=15, max_sequence_length=16, strength=0.5),
    "wide-img2img-95": dict(model="wide", kind="img2img", width=128, height=64, steps=3, guidance=3.5, seed=16, max_sequence_length=16, strength=0.95),
    "dev-inpaint-85": dict(model="dev", kind="inpaint", width=64, height=64, steps=4, guidance=3.5, seed=17, max_sequence_length=16, strength=0.85),
    "dev-inpaint-100": dict(model="dev", kind="inpaint", width=80, height=48, steps=2, guidance=3.5, seed=18, max_sequence_length=16, strength=1.0),
    "schnell-inpaint-70": dict(model="schnell", kind="inpaint", width=32, height=40, steps=4, guidance=0.0, seed=19, max_sequence_length=16, strength=0.7),
    "wide-inpaint-60": dict(model="wide", kind="inpaint", width=64, height=128, steps=4, guidance=3.5, seed=20, max_sequence_length=16, strength=0.6),
}


def make(here: Path):
    for name, case in CASES.items():
        pipe = load(here, case)
        save(here, name, case, run(pipe, case))
        print(" ", name)


def load(here: Path, case):
    """The model in float32, whatever its files hold."""
    pipe = PIPELINES[case["kind"]].from_pretrained(here / "models" / case["model"], torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@torch.no_grad()
def run(pipe, case):
    """Runs a case and returns its tensors; README.md lists them."""
    case.setdefault("prompt", PROMPT)
    out = {}
    record(pipe, out)
    inputs = dict(
        prompt=case["prompt"], width=case["width"], height=case["height"], num_inference_steps=case["steps"],
        guidance_scale=case["guidance"], max_sequence_length=case["max_sequence_length"],
        generator=torch.Generator("cpu").manual_seed(case["seed"]), output_type="np",
    )
    if case["kind"] != "txt2img":
        image = picture(case["width"], case["height"])
        out["image"] = torch.from_numpy(image)
        inputs.update(image=Image.fromarray(image), strength=case["strength"])
    if case["kind"] == "inpaint":
        mask = blob(case["width"], case["height"])
        out["mask"] = torch.from_numpy(mask)
        inputs["mask_image"] = Image.fromarray(cover(mask, pipe.vae_scale_factor))
    with draws(out):
        result = pipe(**inputs).images[0]
    out["pixels"] = torch.from_numpy((result * 255).round().astype(np.uint8))
    out["sigmas"], out["timesteps"] = pipe.scheduler.sigmas, pipe.scheduler.timesteps
    if case["kind"] != "txt2img" or out["decoded"].numel() > 3 * 64 * 64:
        del out["decoded"]  # large, and pixels say nearly as much
    case["first_step"] = pipe.scheduler.begin_index
    spread = out["pixels"].float()
    assert spread.std() > 20 and ((spread < 2) | (spread > 253)).float().mean() < 0.3, (spread.std(), spread.mean())
    return out


def record(pipe, out):
    """Hooks the pipeline's parts so that what passes through them lands in out."""

    def transformer(module, args, kwargs, result):
        step = sum(k.startswith("velocity.") for k in out)
        out[f"latents.{step}"], out[f"velocity.{step}"] = kwargs["hidden_states"], result[0]
        out["img_ids"], out["txt_ids"] = kwargs["img_ids"], kwargs["txt_ids"]
        out["pooled"], out["text"] = kwargs["pooled_projections"], kwargs["encoder_hidden_states"]

    def ids(name):
        def hook(module, args, kwargs, result):
            out[name] = args[0] if args else kwargs["input_ids"]

        return hook

    pipe.transformer.register_forward_hook(transformer, with_kwargs=True)
    pipe.text_encoder.register_forward_hook(ids("clip_ids"), with_kwargs=True)
    pipe.text_encoder_2.register_forward_hook(ids("t5_ids"), with_kwargs=True)

    decode, encode, unpack = pipe.vae.decode, pipe.vae.encode, pipe._unpack_latents

    def last(latents, *args):
        out[f"latents.{sum(k.startswith('velocity.') for k in out)}"] = latents
        return unpack(latents, *args)

    def decoded(*args, **kwargs):
        result = decode(*args, **kwargs)
        out["decoded"] = result[0]
        return result

    def encoded(*args, **kwargs):
        result = encode(*args, **kwargs)
        out.setdefault("moments", result.latent_dist.parameters)  # inpainting encodes the masked picture too
        return result

    pipe.vae.decode, pipe.vae.encode, pipe._unpack_latents = decoded, encoded, last
    if hasattr(pipe, "_encode_vae_image"):
        image = pipe._encode_vae_image

        def latents(*args, **kwargs):
            out["image_latents"] = image(*args, **kwargs)
            return out["image_latents"]

        pipe._encode_vae_image = latents
    if hasattr(pipe, "prepare_mask_latents"):
        prepare = pipe.prepare_mask_latents

        def masks(*args, **kwargs):
            out["mask_latents"], rest = prepare(*args, **kwargs)
            return out["mask_latents"], rest

        pipe.prepare_mask_latents = masks


@contextlib.contextmanager
def draws(out):
    """Keeps what the generator drew: the posterior's noise first, then the run's."""
    drawn, randn = [], torch.randn

    def remember(*args, **kwargs):
        drawn.append(randn(*args, **kwargs))
        return drawn[-1]

    torch.randn = remember
    try:
        yield
    finally:
        torch.randn = randn
    if len(drawn) > 1:
        out["posterior_noise"] = drawn.pop(0)
    out["noise"] = drawn[0]


def picture(width, height):
    """A smooth picture with an edge: no two channels, rows or columns alike."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    red = 127 + 120 * np.sin(x / 9 + y / 23)
    green = 255 * x / width
    blue = 127 + 120 * np.cos(y / 7) * (x > width / 3)
    return np.stack([red, green, blue], -1).round().astype(np.uint8)


def blob(width, height):
    """A mask off the centre whose edges fall between latent cells."""
    y, x = np.mgrid[0:height, 0:width]
    inside = ((x - width * 0.4) / (width * 0.31)) ** 2 + ((y - height * 0.55) / (height * 0.27)) ** 2 < 1
    return np.where(inside, 255, 0).astype(np.uint8)


def cover(mask, cell):
    """The mask grown to whole latent cells: the pipeline itself looks at each cell's first pixel only."""
    height, width = mask.shape
    cells = mask.reshape(height // cell, cell, width // cell, cell).max(axis=(1, 3))
    return cells.repeat(cell, 0).repeat(cell, 1)


def save(here: Path, name, case, tensors, keep=None):
    folder = here / "cases"
    folder.mkdir(exist_ok=True)
    tensors = {k: v.detach().contiguous().clone() for k, v in tensors.items() if keep is None or keep(k)}
    save_file(tensors, folder / f"{name}.safetensors")
    (folder / f"{name}.json").write_text(json.dumps(case, indent=2, ensure_ascii=False) + "\n")
