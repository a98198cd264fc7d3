#!/usr/bin/env python3
"""A decoder layer in the operator sets and file format that are newer than ONNX Runtime: it imports and computes what ONNX's
reference evaluator computes.

usage: test_newest.py VESCALE_IMPORT
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import evaluate

# Operator set and version of the file format.
VERSIONS = [(27, 13), (27, 14), (28, 14)]
BATCH, LENGTH, HEADS, GROUPS, SIZE, HIDDEN = 2, 5, 4, 2, 8, 24
TOLERANCE = 1e-5  # Of the largest value; both sides compute in f32.


def layer(opset):
    """Norm, grouped attention with rotary embedding over a window, and a gated MLP, in the ops that this operator set has for them."""
    rng = np.random.default_rng(0)
    width = HEADS * SIZE
    weights = {name: rng.standard_normal(shape).astype(np.float32) / 4 for name, shape in {
        "norm": (width,), "wq": (width, width), "wk": (width, GROUPS * SIZE), "wv": (width, GROUPS * SIZE), "wo": (width, width),
        "gate": (width, HIDDEN), "up": (width, HIDDEN), "down": (HIDDEN, width), "cos": (LENGTH, SIZE // 2), "sin": (LENGTH, SIZE // 2)}.items()}
    weights["positions"] = np.tile(np.arange(LENGTH), (BATCH, 1))
    node = helper.make_node
    gated = [node("SwiGLU", ["g", "u"], ["h"])] if opset >= 28 else [node("Swish", ["g"], ["s"]), node("Mul", ["s", "u"], ["h"])]
    nodes = [
        node("RMSNormalization", ["x", "norm"], ["n"], axis=-1),
        node("MatMul", ["n", "wq"], ["q"]), node("MatMul", ["n", "wk"], ["k"]), node("MatMul", ["n", "wv"], ["v"]),
        node("RotaryEmbedding", ["q", "cos", "sin", "positions"], ["qr"], num_heads=HEADS),
        node("RotaryEmbedding", ["k", "cos", "sin", "positions"], ["kr"], num_heads=GROUPS),
        node("Attention", ["qr", "kr", "v"], ["a"], q_num_heads=HEADS, kv_num_heads=GROUPS, is_causal=1, left_window_size=2),
        node("MatMul", ["a", "wo"], ["o"]), node("Add", ["x", "o"], ["r"]),
        node("MatMul", ["r", "gate"], ["g"]), node("MatMul", ["r", "up"], ["u"]), *gated,
        node("MatMul", ["h", "down"], ["d"]), node("Add", ["r", "d"], ["y"]),
    ]
    shape = [BATCH, LENGTH, width]
    return helper.make_graph(nodes, "layer", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                             [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
                             [numpy_helper.from_array(value, name) for name, value in weights.items()])


def check(importer, opset, ir_version, folder):
    """What is wrong, or nothing."""
    model = helper.make_model(layer(opset), opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)
    onnx.checker.check_model(model)
    path = pathlib.Path(folder) / "m.onnx"
    path.write_bytes(model.SerializeToString())
    result = subprocess.run([importer, path, "--generic"], capture_output=True, text=True, check=False)
    if result.returncode:
        return result.stderr
    inputs = {"x": np.random.default_rng(1).standard_normal((BATCH, LENGTH, HEADS * SIZE)).astype(np.float32)}
    want = ReferenceEvaluator(model).run(None, inputs)[0]
    got = evaluate.evaluate(result.stdout, inputs, folder)["y"]
    error = np.abs(got - want).max() / np.abs(want).max()
    return "" if error < TOLERANCE else f"off by {error:.2e} of the largest value"


def main():
    failed = 0
    for opset, ir_version in VERSIONS:
        with tempfile.TemporaryDirectory() as folder:
            problem = check(sys.argv[1], opset, ir_version, folder)
        failed += bool(problem)
        print(f"{'FAIL' if problem else 'ok  '} opset {opset}, IR version {ir_version} {problem}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
