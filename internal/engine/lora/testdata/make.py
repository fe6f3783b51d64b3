"""Makes deltas.json: what diffusers adds to each layer for the files in ../../testdata/lora.

Run from internal/engine/testdata:  python ../lora/testdata/make.py

For every layer with weight change D [out in] it keeps uᵀ·D·v, with
u[i] = cos(i+1) and v[j] = sin(j+1), at scale 1.
"""
import json
import sys
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
ENGINE = HERE.parent.parent / "testdata"
sys.path.insert(0, str(ENGINE))
from goldens import adapters, pipelines  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

adapters.shrink()
out, layers = {}, {}
for file in sorted((ENGINE / "lora").glob("*.safetensors")):
    pipe = pipelines.load(ENGINE, adapters.CASE)
    tensors = {k.replace("lora_te1_", "lora_te_"): v for k, v in load_file(file).items()}
    pipe.load_lora_weights(tensors, adapter_name="one")
    adapters.as_trained(pipe, tensors)
    pipe.set_adapters(["one"], [1.0])
    found = {}
    for component in ("transformer", "text_encoder"):
        for name, m in getattr(pipe, component).named_modules():
            if hasattr(m, "get_delta_weight") and "one" in getattr(m, "lora_A", {}):
                d = m.get_delta_weight("one").double()
                u = torch.cos(torch.arange(1, d.shape[0] + 1, dtype=torch.float64))
                v = torch.sin(torch.arange(1, d.shape[1] + 1, dtype=torch.float64))
                found[f"{component}.{name}"] = float(u @ d @ v)
    out[file.stem] = found
    if not layers:
        fresh = pipelines.load(ENGINE, adapters.CASE)
        for component in ("transformer", "text_encoder"):
            for name, m in getattr(fresh, component).named_modules():
                if isinstance(m, torch.nn.Linear):
                    layers[f"{component}.{name}"] = [m.in_features, m.out_features]
json.dump({"layers": layers, "deltas": out}, open(HERE / "deltas.json", "w"), indent=0, sort_keys=True)
print({k: len(v) for k, v in out.items()}, len(layers))
