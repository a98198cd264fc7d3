"""The learning rate of a step as a train.json gives it."""

import math


def learning_rate(config, step):
    """The rate of a step, counted from 0."""
    peak, warmup = config["peak"], config["warmup_steps"]
    if step < warmup:
        return peak * (step + 1) / warmup
    if config["kind"] == "constant":
        return peak
    part = min((step - warmup) / (config["total_steps"] - warmup), 1.0)
    if config["kind"] == "linear":
        return peak + (config["final"] - peak) * part
    return config["final"] + 0.5 * (peak - config["final"]) * (1 + math.cos(math.pi * part))
