#!/usr/bin/env python3
"""Compiles training steps by the plan.json of their own bundle, which must make the same program, and by vescale-plan's.

usage: plan_training.py BUILD [PATTERN…]    (patterns over models of test/Training)
"""

import json
import sys

from common import ROOT, command, run_all
from plan_models import own_plans

LAID_OUT = ["gpt-tiny", "llama-tiny"]
TRAINING = ROOT / "test" / "Training"
LAYOUTS = ["", "--mesh=dp=2", "--mesh=dp=2 --zero=1", "--mesh=dp=2 --zero=2 --micro-batches=2",
           "--mesh=dp=2 --zero=3 --micro-batches=2", "--mesh=dp=4 --zero=3 --zero-axes=dp:(2)2", "--mesh=tp=2",
           "--mesh=tp=2 --sp=megatron --recompute=selective", "--mesh=dp=2,tp=2 --zero=3 --sp=megatron --recompute=full",
           "--mesh=sp=2 --sp=ulysses", "--mesh=dp=2,sp=2 --sp=ulysses --zero=2",
           "--mesh=tp=2,sp=2 --sp=ulysses --recompute=*.1"]


# Of vescale-plan, for four devices.
DECISIONS = ["--mesh=tp=4", "--mesh=dp=2,tp=2 --zero=3", "--mesh=dp=4"]


def planned(build, graph, directory, given):
    for decision in DECISIONS:
        plan = directory / "plan.json"
        try:
            command([build / "bin/vescale-plan", graph, "--cluster=dgx-a100:4", *decision.split(), "-o", plan, *given])
            command([build / "bin/vescale-compile", graph, f"--plan={plan}", "--compile-to=partition", *given,
                     "-o", directory / "planned.mlir"])
            yield f"planned with {decision}", None
        except RuntimeError as error:
            yield f"planned with {decision}", str(error)


def check(build, model, directory):
    command([sys.executable, TRAINING / "tool.py", "make", model, directory])
    dims = json.loads((TRAINING / model.split("/")[0] / "model.json").read_text())["dims"]
    given = [f"--train={directory / 'train.json'}", *(f"--dim={name}={size}" for name, size in dims.items())]
    if model in LAID_OUT:
        yield from own_plans(build / "bin/vescale-compile", directory / "model.onnx", directory, LAYOUTS, given)
    yield from planned(build, directory / "model.onnx", directory, given)


if __name__ == "__main__":
    sys.exit(run_all(check, ["*"], [*LAID_OUT, "bert", "vit"]))
