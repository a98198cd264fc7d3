#!/usr/bin/env python3
"""Compiles recorded models for several meshes, runs the bundles and holds them against ONNX Runtime.

usage: run_models.py BUILD [PATTERN…]    (patterns over FAMILY/STYLE; default: all tiny models)
"""

import fnmatch
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "Models"))

import tool  # noqa: E402

TOLERANCE = 1e-4
# Every mesh for one style of each family; two ranks for the others.
ALL_MESHES = [["--mesh=tp=1"], ["--mesh=tp=2"], ["--mesh=dp=2"], ["--mesh=dp=2,tp=2"], ["--mesh=tp=2", "--sp=megatron"]]
MESHES = [["--mesh=tp=2"]]


def command(words):
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if result.returncode:
        lines = (result.stderr or result.stdout).strip().splitlines()
        raise RuntimeError(f"{pathlib.Path(words[0]).name} exit code {result.returncode}: {' | '.join(lines[:3])}")


def check(build, model, directory):
    """Yields the flags and what is wrong with them, or None, for every mesh."""
    record, style = tool.describe(model)
    graph = tool.make(model, directory / "model")
    feeds = tool.inputs(model)
    np.savez(directory / "in.npz", **feeds)
    want = tool.reference(graph, feeds)
    dynamic = {size for spec in record["styles"][style]["inputs"].values() for size in spec["shape"] if isinstance(size, str)}
    dims = [f"--dim={name}={record['dims'][name]}" for name in sorted(dynamic)]
    for flags in ALL_MESHES if style == "dynamo20" else MESHES:
        try:
            command([build / "bin/vescale-compile", graph, "-o", directory / "bundle", *flags, *dims])
            command([build / "bin/vescale-run", directory / "bundle", f"--input={directory / 'in.npz'}",
                     f"--output={directory / 'out.npz'}", "--", "--threads=1"])
            with np.load(directory / "out.npz") as got:
                bad = [line for line, good in tool.compare(dict(got), want, TOLERANCE) if not good]
            yield flags, "; ".join(bad) or None
        except RuntimeError as error:
            yield flags, str(error)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    patterns = sys.argv[2:] or ["*-tiny/*", "mlp/*"]
    passed = failed = 0
    for model in tool.all_models():
        if not any(fnmatch.fnmatch(model, pattern) for pattern in patterns):
            continue
        with tempfile.TemporaryDirectory() as directory:
            for flags, wrong in check(build, model, pathlib.Path(directory)):
                print("FAIL" if wrong else "ok  ", model, *flags, wrong or "", flush=True)
                passed += not wrong
                failed += bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
