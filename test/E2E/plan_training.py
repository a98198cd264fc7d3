#!/usr/bin/env python3
"""Compiles training steps by the plan.json of their own bundle, which must make the same program.

usage: plan_training.py BUILD [PATTERN…]    (patterns over models of test/Training)
"""

import json
import sys

from common import ROOT, command, run_all
from plan_models import own_plans

TRAINING = ROOT / "test" / "Training"
LAYOUTS = ["", "--mesh=dp=2", "--mesh=dp=2 --zero=1", "--mesh=dp=2 --zero=2 --micro-batches=2",
           "--mesh=dp=2 --zero=3 --micro-batches=2", "--mesh=dp=4 --zero=3 --zero-axes=dp:(2)2", "--mesh=tp=2",
           "--mesh=tp=2 --sp=megatron --recompute=selective", "--mesh=dp=2,tp=2 --zero=3 --sp=megatron --recompute=full",
           "--mesh=sp=2 --sp=ulysses", "--mesh=dp=2,sp=2 --sp=ulysses --zero=2",
           "--mesh=tp=2,sp=2 --sp=ulysses --recompute=*.1"]


def check(build, model, directory):
    command([sys.executable, TRAINING / "tool.py", "make", model, directory])
    dims = json.loads((TRAINING / model.split("/")[0] / "model.json").read_text())["dims"]
    given = [f"--train={directory / 'train.json'}", *(f"--dim={name}={size}" for name, size in dims.items())]
    yield from own_plans(build / "bin/vescale-compile", directory / "model.onnx", directory, LAYOUTS, given)


if __name__ == "__main__":
    sys.exit(run_all(check, ["*"], ["gpt-tiny", "llama-tiny"]))
