#!/usr/bin/env python3
"""ONNX's own node tests, as its Python package carries them: what imports must compute the expected outputs.

A refusal must come with an error, and must be of a kind that is listed here. usage: test_nodes.py VESCALE_IMPORT [--all] [NAME]
Without --all, tests of ops written out as functions ("_expanded") are left out.
"""

import collections
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

import evaluate

BAD_INPUT = 3
# At least this many must compute the right thing; raise it when ops are added.
MIN_PASSED = 900
KNOWN = r"must be known when|known when the model"
# Kinds of refusals.
REFUSED = [
    r"op \w+ \(domain [\w.]+, opset \d+\) is not supported", r"element type .* not supported",
    r"uses operator set", r"is not a tensor", r"imports no operator set", r"output '\w+' is not supported",
    r"the output qk_matmul_output is not supported", r"whether it is in training mode is not known",
    r"an ellipsis in .* is not supported", r"each dimension needs a letter of its own",
    r"coordinate_transformation_mode 'tf_crop_and_resize' is not supported",
    r"attribute '\w+' is not supported", r"strings and sparse tensors are not supported", r"has no shape",
    KNOWN, r"the graph has no outputs",
]


def bind_small_inputs(model, inputs):
    """Makes constants of inputs that hold sizes, axes and the like: exporters write them so."""
    for name, value in list(inputs.items()):
        small = isinstance(value, (np.ndarray, np.generic)) and value.size <= 64
        if small and (value.dtype.kind in "ib" or value.ndim == 0 or name == "scales"):
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
            position = [i.name for i in model.graph.input].index(name)
            del model.graph.input[position]
            del inputs[name]


def plain(value):
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def run(importer, case):
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    model.ir_version = max(model.ir_version, 8)
    raw_inputs, expected = case.data_sets[0]
    inputs = dict(zip((i.name for i in model.graph.input), map(plain, raw_inputs)))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.onnx")

        def attempt():
            onnx.save(model, path)
            return subprocess.run([importer, path, "--generic"], capture_output=True, text=True, timeout=60, check=False)
        result = attempt()
        if result.returncode and re.search(KNOWN, result.stderr):
            bind_small_inputs(model, inputs)
            result = attempt()
        if result.returncode == BAD_INPUT:
            known = any(re.search(kind, result.stderr) for kind in REFUSED)
            return ("refused", "") if known else ("FAILED", result.stderr)
        if result.returncode:
            return "FAILED", f"exit code {result.returncode}: {result.stderr}"
        got = evaluate.evaluate(result.stdout, inputs, folder)
        half = any(i.type.tensor_type.elem_type in (onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)
                   for i in [*case.model.graph.input, *case.model.graph.output])
        for output, want in zip(model.graph.output, map(plain, expected)):
            have = got[output.name]
            if have.shape != want.shape:
                return "FAILED", f"'{output.name}' has shape {have.shape}, not {want.shape}"
            if not np.allclose(have.astype(np.float64), want.astype(np.float64), rtol=max(case.rtol, 1e-3),
                               atol=1e-2 if half else max(case.atol, 1e-5), equal_nan=True):
                return "FAILED", f"'{output.name}' is {have}, not {want}"
    return "passed", ""


def attempt_case(importer, case):
    try:
        return run(importer, case)
    except (SystemExit, Exception) as error:  # noqa: BLE001 - one broken case must not hide the others
        return "FAILED", repr(error)


def main():
    warnings.simplefilter("ignore")
    importer, *rest = sys.argv[1:]
    names = [word for word in rest if not word.startswith("-")]
    cases = [case for case in collect_testcases(None)
             if ("--all" in rest or not case.name.endswith("_expanded")) and all(n in case.name for n in names)]
    counts = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for case, (outcome, why) in zip(cases, pool.map(lambda c: attempt_case(importer, c), cases)):
            counts[outcome] += 1
            if outcome == "FAILED":
                print(f"FAILED {case.name}: {why[:500]}")
    print(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
    return 1 if counts["FAILED"] or (not names and counts["passed"] < MIN_PASSED) else 0


if __name__ == "__main__":
    raise SystemExit(main())
