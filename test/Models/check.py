#!/usr/bin/env python3
"""Checks that every recorded model is small, carries no machine's paths, and runs in the reference at two sizes."""

import sys
import tempfile

import numpy as np
import onnx

import tool

LARGEST = 512 << 10


def faults(model, directory):
    record, style = tool.describe(model)
    graph = tool.make(model, directory)
    if graph.stat().st_size > LARGEST:
        yield f"{graph.stat().st_size} bytes"
    for prefix in (b'File "/', b"/home/", b"/root/", b"site-packages"):
        if prefix in graph.read_bytes():
            yield f"holds a path of the recording machine ('{prefix.decode()}')"
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


def main():
    failed = False
    for model in sys.argv[1:] or tool.all_models():
        with tempfile.TemporaryDirectory() as directory:
            found = list(faults(model, directory))
        for fault in found:
            print(f"FAIL {model}: {fault}")
        failed |= bool(found)
        if not found:
            print(f"ok   {model}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
