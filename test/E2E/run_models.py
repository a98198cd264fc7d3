#!/usr/bin/env python3
"""Compiles recorded models for several meshes, runs the bundles and holds them against ONNX Runtime.

usage: run_models.py BUILD [PATTERN…]    (patterns over FAMILY/STYLE; default: all tiny models)
"""

import sys

import numpy as np

from common import command, dim_flags, run_all, tool

TOLERANCE = 1e-4
# Every mesh for one style of each family; two ranks for the others.
ALL_MESHES = [["--mesh=tp=1"], ["--mesh=tp=2"], ["--mesh=dp=2"], ["--mesh=dp=2,tp=2"], ["--mesh=tp=2", "--sp=megatron"]]
MESHES = [["--mesh=tp=2"]]


def difference(build, graph, directory, want, flags):
    """What is wrong with the model compiled with these flags and run on in.npz, or None."""
    command([build / "bin/vescale-compile", graph, "-o", directory / "bundle", *flags])
    command([build / "bin/vescale-run", directory / "bundle", f"--input={directory / 'in.npz'}",
             f"--output={directory / 'out.npz'}", "--", "--threads=1"])
    with np.load(directory / "out.npz") as got:
        return "; ".join(line for line, good in tool.compare(dict(got), want, TOLERANCE) if not good) or None


def check(build, model, directory):
    """Yields the flags and what is wrong with them, or None, for every mesh."""
    record, style = tool.describe(model)
    graph = tool.make(model, directory / "model")
    feeds = tool.inputs(model)
    np.savez(directory / "in.npz", **feeds)
    want = tool.reference(graph, feeds)
    dims = dim_flags(record, style)
    for flags in ALL_MESHES if style == "dynamo20" else MESHES:
        try:
            yield " ".join(flags), difference(build, graph, directory, want, [*flags, *dims])
        except RuntimeError as error:
            yield " ".join(flags), str(error)


if __name__ == "__main__":
    sys.exit(run_all(check, ["*-tiny/*", "mlp/*"]))
