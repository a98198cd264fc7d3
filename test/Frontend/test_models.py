#!/usr/bin/env python3
"""Every model under test/Models in every style imports, computes what ONNX Runtime computes, and keeps its names.

usage: test_models.py VESCALE_IMPORT [FAMILY/STYLE]…
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "Models"))
import evaluate  # noqa: E402
import tool  # noqa: E402

# Full-size models import with the rest but take minutes to evaluate and gigabytes to make.
LARGE = ("gpt2/", "bert-base/")
TOLERANCE = 1e-5  # Of the largest value; both sides compute in f32.
DIMS = {"batch": 3, "sequence": 11}
PARAMETER = re.compile(r'"graph\.parameter"\(\) <\{(author = #graph\.author(<[^>]*>)?, )?.*?name = "([^"]*)".*?'
                       r'source = #graph\.source<"[^"]*", (\d+), .*$', re.M)
# Weights whose name nothing in the file tells, so that the importer must not make one up: what is folded with others
# (sums, slices of tables, a norm into a convolution, lookups among experts), and what the tracer's paths leave open.
UNTOLD = {"gpt2-tiny/tracer17": 1, "opt-tiny/tracer17": 1, "mixtral-tiny/dynamo20": 4, "resnet-tiny/dynamo20": 12}


def make_inputs(session, rng):
    inputs = {}
    for entry in session.get_inputs():
        shape = [DIMS.get(dim, dim) for dim in entry.shape]
        if entry.name == "attention_mask":
            inputs[entry.name] = np.ones(shape, np.int64)
            inputs[entry.name][-1, -2:] = 0
        elif entry.name == "position_ids":
            inputs[entry.name] = np.broadcast_to(np.arange(shape[-1]), shape).astype(np.int64)
        elif "int64" in entry.type:
            inputs[entry.name] = rng.integers(1, 500, shape)
        else:
            inputs[entry.name] = rng.standard_normal(shape).astype(np.float32)
    return inputs


def check_names(model, text):
    """Compares the parameters' names with the record; the problems."""
    record, style = tool.describe(model)
    found = {int(offset): (name, bool(author), "permuted" in (relation or ""))
             for author, relation, name, offset in (match.groups() for match in PARAMETER.finditer(text))}
    problems, untold = [], 0
    for initializer, truth in record["styles"][style]["initializers"].items():
        if truth.get("offset") not in found:
            continue  # Not read by the graph.
        name, named, transposed = found[truth["offset"]]
        names = {truth["parameter"], *(alias for alias, owner in record["tied"].items() if owner == truth["parameter"])}
        whole = set(truth) <= {"parameter", "transpose", "offset"}
        if named and not (whole and name in names and transposed == ("transpose" in truth)):
            problems.append(f"{initializer} is called {name}, but is {truth}")
        untold += whole and not named
    if untold != UNTOLD.get(model, 0):
        problems.append(f"{untold} parameters lost their names, expected {UNTOLD.get(model, 0)}")
    return problems


def check(importer, model, folder):
    family, _, style = model.partition("/")
    subprocess.run([sys.executable, tool.__file__, "make", model, folder], check=True, stdout=subprocess.DEVNULL)
    path = pathlib.Path(folder) / f"{style}.onnx"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options)
    inputs = make_inputs(session, np.random.default_rng(0))
    named = {dim for entry in session.get_inputs() for dim in entry.shape if isinstance(dim, str)}
    dims = [f"--dim={name}={DIMS[name]}" for name in sorted(named)]
    result = subprocess.run([importer, path, "--generic", *dims], capture_output=True, text=True, check=False)
    if result.returncode:
        return [result.stderr]
    problems = check_names(model, result.stdout)
    got = evaluate.evaluate(result.stdout, inputs, folder)
    for entry, want in zip(session.get_outputs(), session.run(None, inputs)):
        error = np.abs(got[entry.name] - want).max() / np.abs(want).max()
        if not error < TOLERANCE:
            problems.append(f"output {entry.name} is off by {error:.2e} of its largest value")
    return problems


def main():
    importer, *wanted = sys.argv[1:]
    onnxruntime.set_default_logger_severity(3)
    failed = 0
    models = wanted or [m for m in tool.all_models() if not m.startswith(LARGE)]
    for model in models:
        with tempfile.TemporaryDirectory() as folder:
            problems = check(importer, model, folder)
        failed += bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {model}", *problems, sep="\n    ", flush=True)
    print(f"{len(models) - failed} of {len(models)} models agree with ONNX Runtime and keep their names")
    return 1 if failed or not models else 0


if __name__ == "__main__":
    raise SystemExit(main())
