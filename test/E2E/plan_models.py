#!/usr/bin/env python3
"""Compiles models by the plan.json of their own bundle, which must make the same program.

usage: plan_models.py BUILD [PATTERN…]    (patterns over FAMILY/STYLE)
"""

import re
import sys

from common import command, dim_flags, run_all, tool

LAYOUTS = ["--mesh=tp=2", "--mesh=dp=2,tp=2", "--mesh=tp=2 --sp=megatron", "--mesh=dp=2,tp=2 --sp=megatron"]


def program(compiler, graph, directory, flags):
    """The local program, without what it says of who asked for a reshard and what was recorded."""
    local = directory / "local.mlir"
    command([compiler, graph, "--compile-to=schedule", "-o", local, *flags], directory)
    text = local.read_text()
    # Short names of layouts are numbered as they come, in the record, too.
    aliases = dict(re.findall(r"^(#layout\d*) = (.*)$", text, re.M))
    text = re.sub(r"#layout\d*\b", lambda found: aliases.get(found[0], found[0]), text)
    text = text.split("\nmodule")[-1]
    text = re.sub(r' origin "[^"]*(\\.[^"]*)*"', "", text)
    return re.sub(r"dist\.recorded = \[.*?\]\](, )?", "", text)


def own_plans(compiler, graph, directory, layouts, given):
    """For each layout, flags beside those `given`, what is wrong with the program that the bundle's own plan makes."""
    for layout in layouts:
        try:
            flags = [*layout.split(), *given]
            command([compiler, graph, "-o", directory / "bundle", *flags], directory)
            want = program(compiler, graph, directory, flags)
            got = program(compiler, graph, directory, [f"--plan={directory / 'bundle/plan.json'}", *given])
            yield layout, None if got == want else "another program by its own plan"
        except RuntimeError as error:
            yield layout, str(error)


def check(build, model, directory):
    record, style = tool.describe(model)
    graph = tool.make(model, directory)
    yield from own_plans(build / "bin/vescale-compile", graph, directory, LAYOUTS, dim_flags(record, style))


if __name__ == "__main__":
    sys.exit(run_all(check, ["gpt2-tiny/dynamo20", "llama-tiny/dynamo23", "bert-tiny/dynamo20", "vit-tiny/dynamo20",
                             "gemma2-tiny/dynamo20", "gptneox-tiny/dynamo20", "qwen3-tiny/dynamo20"]))
