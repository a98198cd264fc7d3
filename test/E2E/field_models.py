#!/usr/bin/env python3
"""Holds partitioned models against the whole ones in the interpreter's prime field, where equal means equal.

usage: field_models.py BUILD [PATTERN…]    (patterns over FAMILY/STYLE; default: one style of every family)
"""

import sys

from common import command, dim_flags, run_all, tool

# tp=3 divides no model's heads, tp=4 more than some have of keys; sizes that do not divide are padded.
PLANS = ["mesh=tp=2", "mesh=dp=2,tp=2", "mesh=tp=2 sp=megatron", "mesh=tp=3", "mesh=tp=4", "mesh=dp=3"]


def evaluate(build, file, directory, *flags):
    return command([build / "bin/vescale-interp", file, "--field", "--random-parameters", "--seed=1", *flags], directory)


def check(build, model, directory):
    record, style = tool.describe(model)
    graph = tool.make(model, directory)
    dims = dim_flags(record, style)
    opt, imported, prepared, local = (build / "bin/vescale-opt", directory / "i.mlir", directory / "p.mlir",
                                      directory / "l.mlir")
    command([build / "bin/vescale-import", graph, "-o", imported, *dims], directory)
    command([opt, imported, "--pass-pipeline=builtin.module(prepare)", "-o", prepared], directory)
    want = evaluate(build, prepared, directory)
    for plan in PLANS:
        try:
            command([opt, prepared, "-o", local,
                     f"--pass-pipeline=builtin.module(dist-plan-pipeline{{{plan}}},dist-partition-pipeline)"], directory)
            got = evaluate(build, local, directory, "--ranks")
            yield plan, None if got == want else "differs from the whole model"
        except RuntimeError as error:
            yield plan, str(error)


if __name__ == "__main__":
    sys.exit(run_all(check, ["*-tiny/dynamo20", "mlp/dynamo20"]))
