#!/usr/bin/env python3
"""Records the models that are trained: exports them without weights, trains each in PyTorch, keeps losses and norms."""

import argparse
import collections
import contextlib
import importlib.metadata
import io
import json
import pathlib
import platform
import re
import tempfile
import time
import warnings

import numpy as np
import onnx
import torch

import data
import initial
import philox
import sampling
import tool
from pytorch import train as pytorch
from pytorch.families import FAMILIES, TRAIN
from recording import strip

PINNED = ("torch", "transformers", "onnx", "onnxscript", "onnx-ir", "onnxruntime", "numpy", "safetensors")
SEED = 1
STEPS = 100
TOLERANCE = 1e-4
# The same run with other roundings: every batch's rows the other way round on another number of threads, and in fp64.
REPEATS = {"reversed": {"order": -1, "threads": 1}, "float64": {"dtype": torch.float64}}


def write(path, value):
    """JSON with a line for each list of numbers."""
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(value, indent=1, allow_nan=False)
    text = re.sub(r"\[[-\d\s.,e+]*\]", lambda match: " ".join(match[0].split()).replace("[ ", "[").replace(" ]", "]"), text)
    path.write_text(text + "\n")


def tensors(model):
    """The model's parameters and its running statistics by name."""
    kept = model.state_dict()
    return dict(model.named_parameters()) | {name: value for name, value in model.named_buffers()
                                             if name in kept and value.is_floating_point()}


def load(family, values):
    """The PyTorch model with these parameters."""
    model = family.build()
    with torch.no_grad():
        for name, tensor in tensors(model).items():
            tensor.copy_(torch.from_numpy(values[name]))
    return model


def export(model, inputs, feeds, optimize, drops=False):
    dims = {name: {axis: size for axis, size in enumerate(spec["shape"]) if isinstance(size, str)}
            for name, spec in inputs.items()}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return torch.onnx.export(model.train(drops), (), kwargs=feeds, dynamo=True, opset_version=20, optimize=optimize,
                                 output_names=["logits"], dynamic_shapes=dims, verbose=False).model_proto


def lost_names(model, proto):
    """The parameters that the graph no longer has under their name or, if they are tied, under one of their names."""
    kept = {tensor.name for tensor in proto.graph.initializer}
    aliases = collections.defaultdict(set)
    for name, value in model.named_parameters(remove_duplicate=False):
        aliases[value].add(name)
    return sorted(min(names) for names in aliases.values() if not names & kept)


def record_graph(name, family):
    """Exports the model and writes its graph and model.json; returns the record."""
    # The graph's initializers are told apart by their values, so these must all differ.
    model = family.build()
    distinct = {key: initial.weights.make(key, value.shape) for key, value in tensors(model).items()}
    model = load(family, distinct)
    record = {"name": name, "class": type(model).__name__, "dims": family.dims, "seed": SEED, "data": family.data,
              "inputs": family.inputs,
              "tied": {alias: owner for alias, value in model.named_parameters(remove_duplicate=False)
                       for owner, first in model.named_parameters() if first is value and alias != owner},
              "versions": {package: importlib.metadata.version(package) for package in PINNED}
              | {"python": platform.python_version()},
              "parameters": {key: initial.recipe(key, value.shape, family.special) for key, value in tensors(model).items()}}
    with tempfile.TemporaryDirectory() as directory:
        places = tool.write_weights(record, pathlib.Path(directory) / "model.safetensors")
    feeds = {key: torch.from_numpy(value[:3]) for key, value in source(record).items() if key in family.inputs}
    if "input_ids" in family.inputs and "input_ids" not in feeds:
        feeds["input_ids"] = torch.arange(3 * family.dims["sequence"]).reshape(3, -1) % 256
    fresh = load(family, tool.first_weights(record))
    record["lost_by_default"] = {kind: len(lost_names(each, export(each, family.inputs, feeds, True, family.drops)))
                                 for kind, each in (("fresh", fresh), ("trained", model))}
    proto = export(model, family.inputs, feeds, False, family.drops)
    if lost := lost_names(model, proto):
        raise SystemExit(f"the export of {name} lost {', '.join(lost)}")
    strip.strip_metadata(proto)
    record["initializers"] = strip.externalize(proto, "model.safetensors", distinct, places)
    record["ops"] = dict(sorted(collections.Counter(node.op_type for node in strip.all_nodes(proto)).items()))
    (tool.HERE / name).mkdir(exist_ok=True)
    onnx.save(proto, tool.HERE / name / "model.onnx")
    with torch.no_grad():
        want = fresh.eval()(**feeds).logits.numpy()
    with tempfile.TemporaryDirectory() as directory:
        onnx.save(proto, pathlib.Path(directory) / "model.onnx")
        tool.write_weights(record, pathlib.Path(directory) / "model.safetensors")
        got = tool.reference(pathlib.Path(directory) / "model.onnx", {key: value.numpy() for key, value in feeds.items()})
    difference = float(np.abs(got["logits"] - want).max() / np.abs(want).max())
    if not difference <= TOLERANCE:
        raise SystemExit(f"{name} differs from PyTorch by {difference}")
    record["difference_to_pytorch"] = float(f"{difference:.1e}")
    write(tool.HERE / name / "model.json", record)
    size = (tool.HERE / name / "model.onnx").stat().st_size
    print(f"{name}: {size / 1024:.0f} KiB, differs from PyTorch by {difference:.1e}; of {len(record['parameters'])} parameters "
          f"the default export loses the names of {record['lost_by_default']}", flush=True)


def source(record):
    return {"tokens": data.text()} if record["data"]["kind"] == "tokens" else tool.arrays(record)


def run(family, record, config, order=1, **options):
    model = load(family, tool.first_weights(record))
    batches = pytorch.Batches(config, record["dims"]["batch"], source(record), record["dims"].get("sequence"), order)
    history = pytorch.train(model, config, batches, STEPS, drops=family.drops, **options)
    if not np.isfinite(history["loss"]).all():
        raise SystemExit(f"{record['name']} diverges")
    return model, history


def start_of(family, record, config):
    """The loss of the first batch in evaluation mode, before any training."""
    model = load(family, tool.first_weights(record)).eval()
    fields = pytorch.Batches(config, record["dims"]["batch"], source(record), record["dims"].get("sequence"))(0)
    with torch.no_grad():
        output = model(**{name: value for name, value in fields.items() if name != config["loss"]["labels"]}).logits
    return pytorch.summed_loss(config["loss"], output, fields).item() / pytorch.loss_count(config["loss"], fields)


def record_run(name, family, run_name):
    record = json.loads((tool.HERE / name / "model.json").read_text())
    own = family.runs[run_name]
    config = TRAIN | family.train | own.train
    start = time.perf_counter()
    model, history = run(family, record, config)
    took = time.perf_counter() - start
    final = {key: value.detach().numpy() for key, value in tensors(model).items()}
    result = {"batch": record["dims"]["batch"]} | history | {"drift": {}}
    if family.drops or pytorch.uses_batches(config):
        result["start_in_evaluation"] = start_of(family, record, config)
    result["final"] = {key: tool.summary(value) | {"drift": 0.0} for key, value in final.items()}
    for repeat in own.repeats:
        model, other = run(family, record, config, **REPEATS[repeat])
        error = [abs(a - b) / abs(b) for a, b in zip(history["loss"], other["loss"])]
        result["drift"][repeat] = {"largest": max(error), "step": int(np.argmax(error)), "loss": other["loss"]}
        for key, value in tensors(model).items():
            entry, value = result["final"][key], value.detach().numpy().astype(np.float64)
            apart, size = np.abs(value - final[key]).max(), np.sqrt(np.square(value).mean())
            entry["drift"] = max(entry["drift"], float(apart / size) if size else 0.0)
    write(tool.HERE / name / run_name / "train.json", config)
    write(tool.HERE / name / run_name / "losses.json", result)
    drift = ", ".join(f"{key} {value['largest']:.1e}" for key, value in result["drift"].items())
    print(f"{name}/{run_name}: loss {history['loss'][0]:.4f} to {history['loss'][-1]:.4f} in {took:.0f} s; drift {drift or '-'}",
          flush=True)


def record_sampling():
    """What the sampling draws, for other implementations to be held against."""
    known = [((0,) * 4, (0,) * 2), ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2),
             ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0))]
    seeds = (1234, 0, 0xFEDCBA9876543210)
    table = {"philox": [{"counter": list(counter), "key": list(key), "words": [int(word) for word in philox.philox(counter, key)]}
                        for counter, key in known], "tokens": [], "arrays": []}
    for seed, tokens, sequence in zip(seeds, (204673, 257, (1 << 33) + 7), (256, 256, 1024)):
        samples = [0, 1, 2, 3, 799, (1 << 32) - 1, 1 << 32, (1 << 40) + 5]
        offsets = sampling.token_offsets(samples, tokens, sequence, seed)
        table["tokens"].append({"seed": seed, "tokens": tokens, "sequence": sequence, "samples": samples,
                                "offsets": offsets.tolist()})
    for seed, count, order in ((1234, 13, "shuffled"), (0, 1, "shuffled"), (0xFEDCBA9876543210, 1797, "shuffled"),
                               (1234, 13, "sequential")):
        samples = list(range(30)) + [1796, 1797, 5000, 1 << 34]
        table["arrays"].append({"seed": seed, "count": count, "order": order, "samples": samples,
                                "indices": sampling.array_indices(samples, count, seed, order).tolist()})
    write(tool.HERE / "sampling.json", table)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="FAMILY or FAMILY/RUN; all if none is given")
    options = parser.parse_args()
    record_sampling()
    for chosen in options.models or FAMILIES:
        name, _, only = chosen.partition("/")
        if name not in FAMILIES or only and only not in FAMILIES[name].runs:
            parser.error(f"no model '{chosen}'; the families are {', '.join(FAMILIES)}")
        if not only:
            record_graph(name, FAMILIES[name])
        for run_name in [only] if only else FAMILIES[name].runs:
            record_run(name, FAMILIES[name], run_name)


if __name__ == "__main__":
    main()
