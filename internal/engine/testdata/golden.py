"""Makes the engine's reference data with diffusers (see README.md). Run it in a
virtual environment with requirements.txt installed: python golden.py [part …],
parts being models, tiny, cases, adapters, tokens, sampling; all by default.
"""

import os
import sys

# torch reads this at its first use: the noise of its AVX2 build is the reference.
os.environ["ATEN_CPU_CAPABILITY"] = "avx2"

from pathlib import Path  # noqa: E402

import torch  # noqa: E402

from goldens import adapters, models, pipelines, sampling, tiny, tokens  # noqa: E402

HERE = Path(__file__).resolve().parent
PARTS = {
    "models": models.make,
    "tiny": tiny.make,
    "cases": pipelines.make,
    "adapters": adapters.make,
    "tokens": tokens.make,
    "sampling": sampling.make,
}

if __name__ == "__main__":
    assert torch.backends.cpu.get_cpu_capability() == "AVX2", torch.backends.cpu.get_cpu_capability()
    torch.set_num_threads(1)
    for part in sys.argv[1:] or PARTS:
        print(part)
        PARTS[part](HERE)
