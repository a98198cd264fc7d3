#!/usr/bin/env python3
"""Checks that every recorded training run starts, in ONNX Runtime, at the loss and on the data that PyTorch started at."""

import fnmatch
import json
import sys

import numpy as np

import sampling
import tool  # puts test/Models on the path, too
from checking import check_models, graph_faults

TOLERANCE = 1e-5


def first_batch(record, config, path):
    """The fields of the first batch, read from the files that `make` wrote."""
    samples = np.arange(record["dims"]["batch"])
    if path.suffix == ".bin":
        tokens, sequence = np.fromfile(path, "<u2"), record["dims"]["sequence"]
        offsets = sampling.token_offsets(samples, len(tokens), sequence, config["seed"])
        return {name: np.stack([tokens[start + field.get("shift", 0):][:sequence] for start in offsets]).astype(np.int64)
                for name, field in config["data"].items()}
    from safetensors.numpy import load_file
    stored = load_file(path)
    chosen = sampling.array_indices(samples, len(next(iter(stored.values()))), config["seed"], config["order"])
    return {name: stored[field["from"]][chosen] for name, field in config["data"].items()}


def loss_of(config, logits, fields):
    logits = logits.astype(np.float64)
    if config["kind"] == "mse":
        return np.square(logits - fields[config["target"]]).mean()
    labels = fields[config["labels"]].ravel()
    logits = logits.reshape(len(labels), -1)[labels != config["ignore_index"]]
    labels = labels[labels != config["ignore_index"]]
    top = logits.max(1, keepdims=True)
    logs = logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True))
    smooth = config["label_smoothing"]
    return -((1 - smooth) * logs[np.arange(len(labels)), labels] + smooth * logs.mean(1)).mean()


def faults(model, directory):
    record, run = tool.describe(model)
    graph, data = tool.make(model, directory)
    config = json.loads((graph.parent / "train.json").read_text())
    want = json.loads((tool.HERE / record["name"] / run / "losses.json").read_text())
    yield from graph_faults(graph)
    if set(want["final"]) != set(record["parameters"]):
        yield "records other parameters than the model has"
    fields = first_batch(record, config, data)
    logits = tool.reference(graph, {name: fields[name] for name in record["inputs"]})["logits"]
    start = loss_of(config["loss"], logits, fields)
    recorded = want.get("start_in_evaluation", want["loss"][0])
    tolerance = 1e-2 if config.get("compute") == "bf16" else TOLERANCE
    if not abs(start - recorded) <= tolerance * recorded:
        yield f"starts at a loss of {start}, recorded is {recorded}"
    if not np.mean(want["loss"][-10:]) < 0.8 * recorded:
        yield f"learns nothing: {want['loss'][-10:]}"
    first = tool.first_weights(record)
    for name, value in first.items():
        frozen = any(fnmatch.fnmatchcase(name, pattern) for pattern in config["frozen"])
        frozen |= config.get("batch_norm") == "frozen" and name.endswith(("running_mean", "running_var"))
        if frozen != (tool.summary(value)["elements"] == want["final"][name]["elements"]):
            yield f"{name} is {'trained though frozen' if frozen else 'not trained'}"


if __name__ == "__main__":
    sys.exit(check_models(faults, [f"{family}/{run}" for family in tool.families() for run in tool.runs(family)]))
