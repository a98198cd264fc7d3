#!/usr/bin/env python3
"""Compiles and runs random programs of single ops and holds the results against the reference interpreter.

usage: execute.py BIN_DIR WORK_DIR CASES [FILTER]

Programs come from RandomPrograms, CASES for each op, over all element types; see test/Property.
"""
import json
import math
import pathlib
import re
import struct
import subprocess
import sys

import numpy as np

# How safetensors and NumPy name an element type, and the tolerance relative to the largest result.
TYPES = {
    "f32": ("F32", np.float32, 2e-5), "f64": ("F64", np.float64, 1e-11),
    "f16": ("F16", np.float16, 4e-3), "bf16": ("BF16", None, 3e-2),
    "i8": ("I8", np.int8, 0), "i16": ("I16", np.int16, 0), "i32": ("I32", np.int32, 0),
    "i64": ("I64", np.int64, 0), "i1": ("BOOL", np.bool_, 0),
}
BY_TAG = {tag: (name, dtype, tolerance) for name, (tag, dtype, tolerance) in TYPES.items()}


def arguments(text):
    signature = re.search(r"function_type = \((.*?)\) ->", text).group(1)
    for shape, element in re.findall(r"tensor<((?:\d+x)*)(\w+)>", signature):
        yield [int(size) for size in shape.split("x") if size], element


def to_bytes(array, element):
    if element == "bf16":
        return (array.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).tobytes()
    return array.astype(TYPES[element][1]).tobytes()


def write_tensors(path, tensors):
    header, data = {}, b""
    for name, (array, element) in tensors.items():
        raw = to_bytes(array, element)
        header[name] = {"dtype": TYPES[element][0], "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_tensors(path):
    raw = path.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    result = {}
    for name, entry in json.loads(raw[8:8 + length]).items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        part = raw[8 + length + start:8 + length + end]
        if entry["dtype"] == "BF16":
            array = (np.frombuffer(part, np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            array = np.frombuffer(part, BY_TAG[entry["dtype"]][1])
        result[name] = (array.reshape(entry["shape"]), entry["dtype"])
    return result


def random_array(rng, shape, element, is_lookup):
    count = math.prod(shape)
    if element == "i1":
        values = rng.integers(0, 2, count)
    elif element.startswith("i"):
        # 0 and -1 are indices into anything that isn't empty.
        values = rng.integers(-1, 1, count) if is_lookup else rng.integers(0, 2, count)
    else:
        # Positive, so that log, sqrt and pow are defined; exact in bf16.
        values = rng.integers(1, 128, count) / 64.0
    return values.reshape(shape)


def difference(got, want, tag):
    """Empty if they agree, else why not."""
    tolerance = BY_TAG[tag][2]
    if got.shape != want.shape:
        return f"shape {got.shape}, not {want.shape}"
    if tolerance == 0:
        return "" if np.array_equal(got, want) else f"{np.count_nonzero(got != want)} elements differ"
    got, want = got.astype(np.float64), want.astype(np.float64)
    special = ~np.isfinite(want)
    if not np.array_equal(got[special], want[special], equal_nan=True):
        return "other infinities or NaNs"
    if want[~special].size == 0:
        return ""
    got, want = got[~special], want[~special]
    error = np.max(np.abs(got - want)) / max(1.0, np.max(np.abs(want)))
    return "" if error <= tolerance else f"relative error {error:.2e}, tolerance {tolerance:.0e}"


def run(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        lines = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()
        raise RuntimeError(f"{command[0].name}: {lines[0]}")


def check(bin_dir, work, program, seed):
    text = program.read_text()
    rng = np.random.default_rng(seed)
    tensors = {f"in{i}": (random_array(rng, shape, element, "take" in program.name), element)
               for i, (shape, element) in enumerate(arguments(text))}
    inputs, got, want = work / "in.safetensors", work / "got.safetensors", work / "want.safetensors"
    write_tensors(inputs, tensors)
    run([bin_dir / "vescale-interp", program, f"--input={inputs}", f"--output={want}"])
    run([bin_dir / "vescale-compile", program, "-o", work / "bundle", "--compile-from=schedule"])
    run([bin_dir / "vescale-run", work / "bundle", f"--input={inputs}", f"--output={got}"])
    results, expected = read_tensors(got), read_tensors(want)
    for name, (array, tag) in expected.items():
        if why := difference(results[name][0], array, tag):
            raise RuntimeError(f"{name}: {why}")


def main():
    bin_dir, work = pathlib.Path(sys.argv[1]).absolute(), pathlib.Path(sys.argv[2])
    cases, only = int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else ""
    programs = work / "programs"
    programs.mkdir(parents=True, exist_ok=True)
    run([bin_dir / "RandomPrograms", programs, cases])
    files = sorted(path for path in programs.glob("graph.*.mlir")
                   if only in path.name and int(path.name.split(".")[2]) < cases
                   # Made programs' parameters have no file.
                   and not path.name.startswith("graph.parameter"))
    failures = 0
    for number, path in enumerate(files):
        try:
            check(bin_dir, work, path, number)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            failures += 1
            print(f"{path}: {error}")
    print(f"{len(files)} programs, {failures} failed")
    return 1 if failures or not files else 0


if __name__ == "__main__":
    sys.exit(main())
