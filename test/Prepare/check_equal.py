#!/usr/bin/env python3
"""Holds every function of a test file against what passes make of it, in the reference interpreter.

    check_equal.py FILE.mlir FLAG… [--field]

Inputs and parameters are random. Floats must agree to 1e-6 of the largest value (f16: 2e-3); with --field the evaluation is in the
prime field, and results must be equal.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

FUNCTION = re.compile(r"^func\.func @(\w+)(\(.*?^\})", re.M | re.S)
TOLERANCE = 1e-6
SEEDS = (1, 2, 3)


def run(*command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} exited with {result.returncode}:\n{result.stderr}")
    return result.stdout


def hashes(program, seed):
    return run("vescale-interp", program, "--field", "--random-parameters", f"--seed={seed}")


def values(program, seed):
    output = program.with_suffix(".npz")
    run("vescale-interp", program, "--random-parameters", f"--seed={seed}", f"--output={output}")
    with np.load(output) as arrays:
        return dict(arrays)


def differences(before, after, seed):
    first, second = values(before, seed), values(after, seed)
    for name in first.keys() | second.keys():
        tolerance = 2e-3 if first[name].dtype == np.float16 else TOLERANCE
        a, b = (np.asarray(side[name], np.float64) for side in (first, second))
        if not np.array_equal(np.isnan(a), np.isnan(b)):
            yield f"{name}: NaN in different places"
            continue
        error = np.nanmax(np.abs(a - b), initial=0)
        if not error <= tolerance * np.nanmax(np.abs(a), initial=1):
            yield f"{name}: differs by {error:.3g}"


def main():
    file, *flags = sys.argv[1:]
    in_field = "--field" in flags
    flags = [flag for flag in flags if flag != "--field"]
    functions = FUNCTION.findall(pathlib.Path(file).read_text())
    wrong = 0
    with tempfile.TemporaryDirectory() as directory:
        before, after = pathlib.Path(directory, "before.mlir"), pathlib.Path(directory, "after.mlir")
        for name, rest in functions:
            before.write_text(f"func.func @main{rest}\n")
            run("vescale-opt", *flags, before, "-o", after)
            for seed in SEEDS:
                found = list(differences(before, after, seed))
                if in_field and hashes(before, seed) != hashes(after, seed):
                    found.append("differs in the prime field")
                for what in found:
                    print(f"@{name} with seed {seed}: {what}")
                wrong += bool(found)
    print(f"{len(functions)} functions, {wrong} of {len(functions) * len(SEEDS)} runs differ")
    return 1 if wrong or not functions else 0


if __name__ == "__main__":
    sys.exit(main())
