#!/usr/bin/env python3
"""Compiles recorded models as reproducible programs for several meshes and compares their outputs' bits.

usage: reproducible_models.py BUILD [PATTERN…]    (patterns over FAMILY/STYLE; default: tiny models of one style)
"""

import sys

import numpy as np

from common import command, dim_flags, run_all, tool

MESHES = [["--mesh=tp=2"], ["--mesh=dp=2"], ["--mesh=dp=2,tp=2"], ["--mesh=tp=2", "--sp=megatron"]]


def outputs(build, directory, graph, flags):
    command([build / "bin/vescale-compile", graph, "-o", directory / "bundle", "--reproducible", *flags])
    command([build / "bin/vescale-run", directory / "bundle", f"--input={directory / 'in.npz'}",
             f"--output={directory / 'out.npz'}", "--", "--threads=1"])
    with np.load(directory / "out.npz") as got:
        return dict(got)


def check(build, model, directory):
    """Yields the flags and what differs from one rank's outputs, or None, for every mesh."""
    record, style = tool.describe(model)
    graph = tool.make(model, directory / "model")
    np.savez(directory / "in.npz", **tool.inputs(model))
    dims = dim_flags(record, style)
    want = outputs(build, directory, graph, ["--mesh=dp=1", *dims])
    for flags in MESHES:
        try:
            got = outputs(build, directory, graph, [*flags, *dims])
            bad = [name for name in want if got[name].tobytes() != want[name].tobytes()]
            yield " ".join(flags), ", ".join(f"{name} has other bits" for name in bad) or None
        except RuntimeError as error:
            yield " ".join(flags), str(error)


if __name__ == "__main__":
    sys.exit(run_all(check, ["*-tiny/dynamo20"]))
