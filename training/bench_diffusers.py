"""Times diffusers' own FluxPipeline on a model directory: warm, median of several, float32 and bfloat16. Prints JSON."""

import argparse
import json
import statistics
import time

import torch
from diffusers import FluxPipeline


def measure(a, dtype: torch.dtype) -> dict:
    pipe = FluxPipeline.from_pretrained(a.dir, torch_dtype=dtype)
    pipe.set_progress_bar_config(disable=True)
    length = min(pipe.tokenizer_2.model_max_length, 512)
    seconds, processor = [], []
    for k in range(a.runs + 1):                               # the first one warms up
        began, before = time.perf_counter(), time.process_time()
        pipe(a.prompt, height=a.height, width=a.width, num_inference_steps=a.steps, guidance_scale=a.guidance, max_sequence_length=length,
             generator=torch.Generator().manual_seed(a.seed))
        seconds.append(time.perf_counter() - began)
        processor.append(time.process_time() - before)         # of all processors: tells more on a busy machine
    return {"median_s": round(statistics.median(seconds[1:]), 4), "median_cpu_s": round(statistics.median(processor[1:]), 4), "runs_s": [round(s, 4) for s in seconds[1:]], "first_s": round(seconds[0], 4)}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("dir", help="a complete diffusers directory")
    p.add_argument("--prompt", default="3d emoji of a grinning face on a sky blue background")
    p.add_argument("--steps", type=int, default=28)
    p.add_argument("--width", type=int, default=1024)
    p.add_argument("--height", type=int, default=1024)
    p.add_argument("--guidance", type=float, default=3.5)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--dtype", choices=["float32", "bfloat16"], action="append", help="repeatable; both if not given")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    result = {k: v for k, v in vars(a).items() if k != "dtype"} | {"torch": torch.__version__}
    for name in a.dtype or ["float32", "bfloat16"]:
        result[name] = measure(a, getattr(torch, name))
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
