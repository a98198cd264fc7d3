#!/usr/bin/env python3
"""Compiles models by the plan.json of their own bundle, which must make the same program.

usage: plan_models.py BUILD [PATTERN…]    (patterns over FAMILY/STYLE)
"""

import re
import sys

from common import command, dim_flags, run_all, tool

LAYOUTS = ["--mesh=tp=2", "--mesh=dp=2,tp=2", "--mesh=tp=2 --sp=megatron", "--mesh=dp=2,tp=2 --sp=megatron"]


def program(compiler, graph, directory, *flags):
    """The local program, without what it says of who asked for a reshard and what was recorded."""
    local = directory / "local.mlir"
    command([compiler, graph, "--compile-to=schedule", "-o", local, *flags], directory)
    text = re.sub(r' origin "[^"]*(\\.[^"]*)*"', "", local.read_text())
    return re.sub(r"dist\.recorded = \[.*\]\]", "", text)


def check(build, model, directory):
    record, style = tool.describe(model)
    graph = tool.make(model, directory)
    dims = dim_flags(record, style)
    compiler = build / "bin/vescale-compile"
    for layout in LAYOUTS:
        try:
            command([compiler, graph, "-o", directory / "bundle", *layout.split(), *dims], directory)
            plan = f"--plan={directory / 'bundle/plan.json'}"
            want = program(compiler, graph, directory, *layout.split(), *dims)
            got = program(compiler, graph, directory, plan, *dims)
            yield layout, None if got == want else "another program by its own plan"
        except RuntimeError as error:
            yield layout, str(error)


if __name__ == "__main__":
    sys.exit(run_all(check, ["gpt2-tiny/dynamo20", "llama-tiny/dynamo23", "bert-tiny/dynamo20", "vit-tiny/dynamo20",
                             "gemma2-tiny/dynamo20", "gptneox-tiny/dynamo20", "qwen3-tiny/dynamo20"]))
