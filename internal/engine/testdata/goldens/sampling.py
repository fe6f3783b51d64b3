"""torch's noise and diffusers' schedules, with no network in between."""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.flux.pipeline_flux import calculate_shift

# Each run is one generator and the sizes drawn from it in turn.
RUNS = [
    (0, [1, 2, 3, 16, 1]), (1, [5, 20, 5, 7]), (2, [15, 15, 17, 1]), (3, [16, 31, 32, 33]),
    (42, [64, 48]), (4294967295, [100, 1000]), (4294967296, [24]), (-1, [24]), (-9007199254740991, [17]),
    (9007199254740991, [623, 624, 625]), (1234, [16 * 64 * 64]), (7, [16 * 128 * 128 + 5, 16 * 128 * 128]),
]

FLUX = dict(shift=3.0, use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15, base_image_seq_len=256, max_image_seq_len=4096)
CONFIGS = {
    "dev": FLUX,
    "schnell": dict(shift=1.0, use_dynamic_shifting=False),
    "shifted": dict(shift=3.1, use_dynamic_shifting=False),
    "linear": dict(FLUX, time_shift_type="linear"),
    "terminal": dict(FLUX, shift_terminal=0.1),
    "inverted": dict(FLUX, invert_sigmas=True),
    "karras": dict(FLUX, use_karras_sigmas=True),
    "exponential": dict(shift=2.0, use_exponential_sigmas=True),
    "trained-500": dict(FLUX, num_train_timesteps=500),
}


def make(here: Path):
    folder = here / "sampling"
    folder.mkdir(exist_ok=True)
    runs = []
    for seed, sizes in RUNS:
        generator = torch.Generator("cpu").manual_seed(seed)
        draws = []
        for size in sizes:
            values = torch.randn(size, generator=generator, dtype=torch.float32).numpy().astype("<f4")
            draws.append(dict(n=size, sha256=hashlib.sha256(values.tobytes()).hexdigest(), first=bits(values[:16]), last=bits(values[-16:])))
        runs.append(dict(seed=seed, draws=draws))
    (folder / "noise.json").write_text(json.dumps(runs, indent=1) + "\n")

    schedules = []
    for name, config in CONFIGS.items():
        scheduler = FlowMatchEulerDiscreteScheduler(**config)
        saved = {k: scheduler.config[k] for k in sorted(scheduler.config) if k != "_use_default_values"} | {"_class_name": "FlowMatchEulerDiscreteScheduler"}
        for steps in (1, 2, 4, 28, 50):
            for tokens in (1, 64, 256, 1000, 4096):
                mu = calculate_shift(tokens, *(scheduler.config[k] for k in ("base_image_seq_len", "max_image_seq_len", "base_shift", "max_shift")))
                scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / steps, steps), mu=mu)
                sigmas, timesteps = bits(scheduler.sigmas.numpy()), bits(scheduler.timesteps.numpy())
                finite = bool(scheduler.sigmas.isfinite().all())  # one step cannot both start and end
                if finite and (steps <= 4 or tokens in (64, 4096)):
                    schedules.append(dict(config=name, steps=steps, tokens=tokens, sigmas=sigmas, timesteps=timesteps))
        CONFIGS[name] = saved
    text = json.dumps(dict(configs=CONFIGS, schedules=schedules))
    (folder / "sigmas.json").write_text(text.replace('{"config": ', '\n{"config": ') + "\n")


def bits(values):
    """The exact values, as the bits of float32."""
    return [int(v) for v in np.ascontiguousarray(values, dtype="<f4").view("<u4")]
