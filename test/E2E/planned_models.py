#!/usr/bin/env python3
"""Lets vescale-plan lay recorded models out, compiles and runs these plans, and holds them against ONNX Runtime.

usage: planned_models.py BUILD [PATTERN…]    (patterns over FAMILY/STYLE; default: one style of each tiny family)
"""

import sys

import numpy as np

from common import command, dim_flags, run_all, tool
from run_models import difference

# For the cluster's four devices the planner would take dp alone: the models are small.
DECISIONS = ["--mesh=dp=2,tp=2", "--mesh=tp=4"]


def check(build, model, directory):
    """Yields the decisions and what is wrong with the plan under them, or None."""
    record, style = tool.describe(model)
    graph = tool.make(model, directory / "model")
    feeds = tool.inputs(model)
    np.savez(directory / "in.npz", **feeds)
    want = tool.reference(graph, feeds)
    dims = dim_flags(record, style)
    plan = directory / "plan.json"
    for decision in DECISIONS:
        try:
            command([build / "bin/vescale-plan", graph, "--cluster=dgx-a100:4", decision, "-o", plan, *dims])
            yield decision, difference(build, graph, directory, want, [f"--plan={plan}", *dims])
        except RuntimeError as error:
            yield decision, str(error)


if __name__ == "__main__":
    sys.exit(run_all(check, ["*-tiny/dynamo20"]))
