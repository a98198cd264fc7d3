#!/usr/bin/env python3
"""Holds the gradients of single ops against those that PyTorch had for them (record_gradients.py).

usage: test_gradients.py BIN_DIRECTORY
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

CASES = pathlib.Path(__file__).parent / "gradients.json"
TOLERANCE = 1e-11


def differentiate(bin_directory, directory, case):
    """The gradients by the name of their input."""
    program, gradients = directory / "program.mlir", directory / "gradients.mlir"
    inputs, outputs = directory / "in.npz", directory / "out.npz"
    program.write_text("\n".join(case["program"]))
    np.savez(inputs, **{name: np.asarray(value) for name, value in case["inputs"].items()})
    subprocess.run([bin_directory / "vescale-opt", program, "--train-differentiate", "-o", gradients], check=True)
    subprocess.run([bin_directory / "vescale-interp", gradients, f"--input={inputs}", f"--output={outputs}"],
                   check=True, stdout=subprocess.DEVNULL)
    with np.load(outputs) as arrays:
        return {name[len("gradient("):-1]: arrays[name] for name in arrays if name.startswith("gradient(")}


def difference(expected, actual):
    expected = np.asarray(expected)
    if expected.shape != actual.shape:
        return f"has shape {actual.shape}, should have {expected.shape}"
    worst = np.max(np.abs(expected - actual), initial=0)
    if not worst <= TOLERANCE * np.max(np.abs(expected), initial=1):
        return f"is {actual.tolist()}, should be {expected.tolist()}"
    return None


def main():
    bin_directory = pathlib.Path(sys.argv[1])
    cases = json.loads(CASES.read_text())["cases"]
    compared, failures = 0, []
    with tempfile.TemporaryDirectory() as directory:
        for case in cases:
            actual = differentiate(bin_directory, pathlib.Path(directory), case)
            trained = {name for name, value in case["inputs"].items() if np.asarray(value).dtype.kind == "f"} - {"weights"}
            if set(actual) != trained or set(case["gradients"]) != trained:
                failures.append(f"{case['name']}: gradients of {sorted(actual)}, should be of {sorted(trained)}")
                continue
            for name, expected in case["gradients"].items():
                compared += 1
                what = difference(expected, actual[name])
                if what:
                    failures.append(f"{case['name']}: gradient of {name} {what}")
    print(f"{len(cases)} cases, {compared} gradients compared, {len(failures)} wrong")
    print("\n".join(failures))
    return 1 if failures or compared < len(cases) else 0


if __name__ == "__main__":
    sys.exit(main())
