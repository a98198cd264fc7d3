#!/usr/bin/env python3
"""Writes the seeds of the corpus: the frontend's small test models and ONNX's node tests, one per op.

usage: make_corpus.py DIR
"""

import pathlib
import sys
import warnings

from onnx.backend.test.case.node import collect_testcases
from onnx import numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Frontend" / "Inputs"))
from models import MODELS  # noqa: E402

MAX_BYTES = 2048


def main():
    warnings.simplefilter("ignore")
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    seeds = {name: make() for name, make in MODELS.items()}
    for case in collect_testcases(None):
        ops = {node.op_type for node in case.model.graph.node}
        if len(ops) != 1 or case.name.endswith("_expanded"):
            continue
        model = case.model
        model.ir_version = max(model.ir_version, 8)
        # Small whole numbers become constants, as exporters write them.
        for info, value in zip(list(model.graph.input), case.data_sets[0][0]):
            small = getattr(value, "dtype", None) is not None and value.size <= 16
            if small and (value.dtype.kind in "ib" or info.name == "scales"):
                model.graph.initializer.append(numpy_helper.from_array(value, info.name))
                model.graph.input.remove(info)
        seeds.setdefault("op-" + ops.pop(), model)
    for name, model in seeds.items():
        content = model.SerializeToString()
        if len(content) <= MAX_BYTES:
            (out / name).write_bytes(content)


if __name__ == "__main__":
    main()
