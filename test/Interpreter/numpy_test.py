#!/usr/bin/env python3
"""Holds the interpreter's float evaluation of random programs of every op against NumPy's.

usage: numpy_test.py BIN_DIRECTORY [CASES]
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Frontend"))
import evaluate  # noqa: E402

# NumPy has no bfloat16, and parameters without a file are random inside the interpreter.
SKIPPED = {"graph.parameter"}
TOLERANCE = {"float64": 1e-12, "float32": 2e-5, "float16": 2e-2}


def random_inputs(text, op, rng):
    """An array for each argument of main."""
    types = re.search(r"function_type = \((.*?)\) ->", text)[1]
    arrays = {}
    for index, type_ in enumerate(re.findall(r"tensor<[^>]*>", types)):
        shape, dtype = evaluate.parse_type(type_)
        if dtype is np.bool_:
            array = rng.integers(0, 2, shape).astype(bool)
        elif issubclass(dtype, np.floating):
            array = rng.uniform(-3, 3, shape).astype(dtype)
        elif op.startswith(("graph.take", "graph.scatter")):
            array = rng.integers(-1, 1, shape).astype(dtype)  # In range whatever the size.
        else:
            array = rng.integers(1, 5, shape).astype(dtype) * rng.choice([-1, 1], shape).astype(dtype)
        arrays[f"in{index}"] = np.asarray(array)
    return arrays


def difference(expected, actual, inputs):
    """None if the arrays agree as far as the coarsest of them and the inputs says, else what is wrong."""
    if expected.shape != actual.shape or expected.dtype != actual.dtype:
        return f"{actual.dtype}{actual.shape}, should be {expected.dtype}{expected.shape}"
    if expected.dtype.kind != "f":
        return None if np.array_equal(expected, actual) else f"{actual}, should be {expected}"
    finite = np.isfinite(expected)
    if not (np.array_equal(np.isnan(expected), np.isnan(actual)) and
            np.array_equal(expected[~finite & ~np.isnan(expected)], actual[~finite & ~np.isnan(expected)])):
        return f"{actual}, should be {expected}"
    largest = np.max(np.abs(expected[finite].astype(np.float64)), initial=1)
    worst = np.max(np.abs(expected[finite].astype(np.float64) - actual[finite].astype(np.float64)), initial=0)
    tolerance = max(TOLERANCE.get(array.dtype.name, 0) for array in (expected, *inputs))
    return None if worst <= tolerance * largest else f"off by {worst}, largest value {largest}"


def main():
    bin_directory = pathlib.Path(sys.argv[1])
    cases = sys.argv[2] if len(sys.argv) > 2 else "4"
    rng = np.random.default_rng(7)
    compared, failures, ops = 0, 0, set()
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([bin_directory / "RandomPrograms", directory, cases], check=True)
        for program in sorted(pathlib.Path(directory).glob("*.mlir")):
            op = ".".join(program.name.split(".")[:2])
            text = program.read_text()
            # Derivatives are held against finite differences and PyTorch's (GradientTest, train-gradients).
            # What is dropped is held against PyTorch's runs with the same masks (test/Training).
            if op in SKIPPED or op.endswith("_grad") or "bf16" in text or "#graph.drop<" in text:
                continue
            inputs = random_inputs(text, op, rng)
            np.savez(program.with_suffix(".npz"), **inputs)
            output = program.with_suffix(".out.npz")
            command = [bin_directory / "vescale-interp", program, f"--output={output}"]
            if inputs:
                command.append(f"--input={program.with_suffix('.npz')}")
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            expected = evaluate.evaluate(text, inputs, directory)
            with np.load(output) as actual:
                for name, array in expected.items():
                    if wrong := difference(np.asarray(array), actual[name], inputs.values()):
                        failures += 1
                        print(f"{program.name} {name}: {wrong}\n{text}{inputs}")
            compared += 1
            ops.add(op)
    print(f"{compared} programs of {len(ops)} ops compared, {failures} results differ")
    return failures > 0 or len(ops) < 50


if __name__ == "__main__":
    sys.exit(main())
