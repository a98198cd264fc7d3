#!/usr/bin/env python3
"""Checks that every recorded model is small, carries no machine's paths, and runs in the reference at two sizes."""

import sys

import numpy as np
import onnx

import tool
from checking import check_models, graph_faults


def faults(model, directory):
    record, style = tool.describe(model)
    graph = tool.make(model, directory)
    yield from graph_faults(graph)
    proto = onnx.load(graph, load_external_data=False)
    names = [value.name for value in proto.graph.input]
    if names != list(record["styles"][style]["inputs"]):
        yield f"takes {names}"
    dynamic = {size for spec in record["styles"][style]["inputs"].values() for size in spec["shape"] if isinstance(size, str)}
    for sizes in [{size: min(record["dims"][size], 9) for size in dynamic}, {size: 3 if size == "batch" else 14 for size in dynamic}]:
        for name, value in tool.reference(graph, tool.inputs(model, sizes)).items():
            if not np.isfinite(value).all():
                yield f"{name} is not finite with {sizes}"
            elif value.std() < 1e-2 or value.ndim and len(np.unique(value)) < value.size // 2:
                yield f"{name} is nearly constant with {sizes}"


if __name__ == "__main__":
    sys.exit(check_models(faults, tool.all_models()))
