#!/usr/bin/env python3
"""Makes the trained models, their first weights and their data, and holds a run against PyTorch's; needs no PyTorch."""

import argparse
import importlib.util
import json
import math
import pathlib
import shutil
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import data  # noqa: E402
import initial  # noqa: E402

UNDETERMINED = 0.1  # the drift above which a parameter says nothing


def describe(model):
    """The record of a model and the name of its run: "gpt-tiny/sgd" -> (model.json's content, "sgd")."""
    family, _, run = model.partition("/")
    path = HERE / family / "model.json"
    if not path.is_file():
        raise SystemExit(f"no model '{family}'; known are {', '.join(families())}")
    run = run or "adamw"
    if not (HERE / family / run / "train.json").is_file():
        raise SystemExit(f"model '{family}' has no run '{run}'; it has {', '.join(runs(family))}")
    return json.loads(path.read_text()), run


def families():
    return sorted(path.parent.name for path in HERE.glob("*/model.json"))


def runs(family):
    return sorted(path.parent.name for path in (HERE / family).glob("*/train.json"))


def first_weights(record):
    return {name: initial.make(name, recipe, record["seed"]) for name, recipe in record["parameters"].items()}


def write_weights(record, path):
    """Writes the first weights as a Hugging Face checkpoint does; returns where in the file each tensor lies."""
    save_file(first_weights(record), path, metadata={"format": "pt"})
    return tensor_places(path)


def tensor_places(path):
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    return {name: 8 + size + entry["data_offsets"][0] for name, entry in header.items() if name != "__metadata__"}


def write_data(record, directory):
    """Writes what the model is trained on; returns the file's path."""
    kind = record["data"]["kind"]
    if kind == "tokens":
        path = directory / "tokens.bin"
        data.write_tokens(path)
        return path
    path = directory / "data.safetensors"
    save_file(arrays(record), path)
    return path


def arrays(record):
    if record["data"]["kind"] == "digits":
        return data.digits()
    return data.masked_text(record["data"]["samples"], record["dims"]["sequence"], record["seed"])


def make(model, directory):
    """Puts model.onnx, model.safetensors, train.json and the data into `directory`; returns the paths of graph and data."""
    record, run = describe(model)
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    graph = directory / "model.onnx"
    shutil.copyfile(HERE / record["name"] / "model.onnx", graph)
    shutil.copyfile(HERE / record["name"] / run / "train.json", directory / "train.json")
    places = write_weights(record, directory / "model.safetensors")
    for name, entry in record["initializers"].items():
        if places[entry["parameter"]] != entry["offset"]:
            raise SystemExit(f"this version of safetensors puts {entry['parameter']} at byte {places[entry['parameter']]}, "
                             f"where {graph} expects it at {entry['offset']}")
    return graph, write_data(record, directory)


def reference(graph, feeds):
    """Runs a graph as the models for inference are run, by their tool, whose file has the same name as this one; dropouts
    are off."""
    import onnx
    inference = onnx.load(graph, load_external_data=False)
    dropouts = [node for node in inference.graph.node if node.op_type == "Dropout"]
    for node in dropouts:
        del node.input[2:]
    if dropouts:
        graph = pathlib.Path(graph).with_name("inference.onnx")
        onnx.save(inference, graph)
    spec = importlib.util.spec_from_file_location("models_tool", HERE.parent / "Models" / "tool.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.reference(graph, feeds)


def summary(value):
    """What a record keeps of a trained parameter: moments and a few elements."""
    flat = np.asarray(value, np.float64).ravel()
    places = sorted({0, flat.size // 3, flat.size // 2, flat.size - 1})
    return {"mean": flat.mean(), "deviation": flat.std(), "l2": math.sqrt((flat * flat).sum()),
            "elements": {str(place): flat[place] for place in places}}


def relative(got, want, scale):
    """The error of a value against a scale; infinite, never NaN, where either is of no use."""
    if got == want:
        return 0.0
    return abs(got - want) / scale if math.isfinite(got) and scale else math.inf


def compare_losses(lines, want, tolerance):
    """Yields a line and whether it is good for what a run logged, as JSON lines with "step" and "loss"."""
    entries = {entry["step"]: entry for entry in map(json.loads, lines) if "loss" in entry}
    steps = range(len(want["loss"]))
    if sorted(entries) != list(steps):
        missing = [step for step in steps if step not in entries]
        yield f"steps {sorted(entries)[:1]} to {sorted(entries)[-1:]} of {len(steps)}, missing {missing[:5]}", False
        return
    for key in ("loss", "grad_norm"):
        got = [entries[step].get(key) for step in steps]
        if key == "grad_norm" and None in got:
            continue
        errors = [relative(a, b, abs(b)) for a, b in zip(got, want[key])]
        bound = tolerance if key == "loss" else tolerance * 10
        worst = max(steps, key=lambda step: errors[step])
        yield (f"{key}: largest relative error {errors[worst]:.2e} at step {worst} ({got[worst]} against "
               f"{want[key][worst]}), tolerance {bound:.0e}"), errors[worst] <= bound


def compare_weights(path, want, tolerance, tied=()):
    """Yields a line and whether it is good for every parameter of a checkpoint in Hugging Face's form.

    `tied` are other names of parameters, under which a checkpoint may have them as well.
    """
    with safe_open(path, "np") as file:
        names = set(file.keys()) - set(tied)
        for name in sorted(names ^ set(want["final"])):
            yield f"{name}: only in the {'record' if name in want['final'] else 'checkpoint'}", False
        for name in sorted(names & set(want["final"])):
            kept, got = want["final"][name], summary(file.get_tensor(name))
            size = math.hypot(kept["deviation"], kept["mean"])
            pairs = [(got[key], kept[key], kept[key] if key == "l2" else size) for key in ("mean", "deviation", "l2")]
            pairs += [(got["elements"].get(place, math.nan), value, max(size, abs(value)))
                      for place, value in kept["elements"].items()]
            error = max(relative(*pair) for pair in pairs)
            # PyTorch's own runs disagree where a gradient is nothing but rounding, as that of a key's bias is.
            if kept["drift"] > UNDETERMINED and math.isfinite(error):
                yield f"{name}: not compared, PyTorch's own runs differ by {kept['drift']:.1e}", True
                continue
            bound = tolerance + 10 * kept["drift"]
            yield f"{name}: relative error {error:.2e}, tolerance {bound:.0e}", error <= bound


def report(lines):
    good = True
    for line, fine in lines:
        print("ok  " if fine else "FAIL", line)
        good &= fine
    return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="print the names of all models and runs")
    verb = verbs.add_parser("make", help="put a model, its first weights, train.json and the data into a directory")
    verb.add_argument("model", help="FAMILY or FAMILY/RUN, such as gpt-tiny/sgd; the run is adamw if none is given")
    verb.add_argument("directory")
    verb = verbs.add_parser("losses", help="hold a run's log against PyTorch's losses; exit status 1 if they differ")
    verb.add_argument("model")
    verb.add_argument("log", help='JSON lines with "step" and "loss"')
    verb.add_argument("--tolerance", type=float, default=1e-4)
    verb = verbs.add_parser("weights", help="hold trained weights against PyTorch's; exit status 1 if they differ")
    verb.add_argument("model")
    verb.add_argument("checkpoint", help="a .safetensors file by the author's names")
    verb.add_argument("--tolerance", type=float, default=1e-3)
    options = parser.parse_args()
    if options.verb == "list":
        print("\n".join(f"{family}/{run}" for family in families() for run in runs(family)))
        return 0
    if options.verb == "make":
        print(*make(options.model, options.directory), sep="\n")
        return 0
    record, run = describe(options.model)
    want = json.loads((HERE / record["name"] / run / "losses.json").read_text())
    if options.verb == "losses":
        with open(options.log) as file:
            return report(compare_losses(file, want, options.tolerance))
    return report(compare_weights(options.checkpoint, want, options.tolerance, record["tied"]))


if __name__ == "__main__":
    sys.exit(main())
