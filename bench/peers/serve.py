"""A peer's side of the benchmark: steps on demand, one JSON line for each line of input; and the data of its steps."""

import json
import os
import pathlib
import sys
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "Training"))

import sampling  # noqa: E402


class Batches:
    """Tokens and labels of a step; of some of its rows where ranks share the batch."""

    def __init__(self, directory, config, batch, sequence, rank=0, ranks=1):
        self.tokens = np.fromfile(pathlib.Path(directory) / "tokens.bin", "<u2")
        self.seed, self.batch, self.sequence = config["seed"], batch, sequence
        self.rows = slice(rank * batch // ranks, (rank + 1) * batch // ranks)

    def __call__(self, step):
        samples = np.arange(step * self.batch, (step + 1) * self.batch)[self.rows]
        offsets = sampling.token_offsets(samples, len(self.tokens), self.sequence, self.seed)
        window = self.tokens[offsets[:, None] + np.arange(self.sequence + 1)].astype(np.int64)
        return window[:, :-1], window[:, 1:]


def serve(step, first=3):
    """Runs `step(number)`, which returns the loss, some first times and then as often as each line of input asks for."""
    # Whatever a library prints must not come between.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    losses, ready_at = [], None
    for number in range(first):
        losses.append(float(step(number)))
        ready_at = ready_at or time.perf_counter()
    print(json.dumps({"ready_at": ready_at, "losses": losses}), file=answers)
    number = first
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            step(number)
            times.append((time.perf_counter() - start) * 1e3)
            number += 1
        print(json.dumps({"times": times}), file=answers)
