#!/usr/bin/env python3
"""Records the models under test: exports them with PyTorch, keeps the graphs without weights, and checks the result."""

import argparse
import collections
import contextlib
import importlib.metadata
import io
import json
import pathlib
import platform
import tempfile
import traceback

import numpy as np
import onnx
import torch

import tool
import weights
from recording import export, strip
from recording.families import FAMILIES

PINNED = ("torch", "transformers", "onnx", "onnxscript", "onnx-ir", "onnxruntime", "numpy")
TOLERANCE = 1e-4


def build(family):
    """The PyTorch model with made (or packaged) weights; its parameters; their places in the package's file."""
    model = family.build().eval()
    if family.package:
        from safetensors.torch import load_file
        path = tool.package_weights(family.package)
        missing = model.load_state_dict(load_file(path), strict=False).missing_keys
        if missing:
            raise SystemExit(f"{path} lacks {missing}")
        with open(path, "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size))
        offsets = {name: 8 + size + entry["data_offsets"][0] for name, entry in header.items() if name != "__metadata__"}
    else:
        with torch.no_grad():
            for name, value in model.named_parameters():
                value.copy_(torch.from_numpy(weights.make(name, value.shape, family.norm_offset)))
        offsets = None
    return model, {name: value.detach().numpy() for name, value in model.named_parameters()}, offsets


def run(model, feeds):
    with torch.no_grad():
        result = model(**{name: torch.from_numpy(value) for name, value in feeds.items()})
    values = [result] if torch.is_tensor(result) else list(result.to_tuple() if hasattr(result, "to_tuple") else result)
    return [value.numpy() for value in values]


def check(name, style, model, outputs, dims):
    """The largest relative difference between PyTorch and the reference on the recorded graph with made weights."""
    worst = 0.0
    with tempfile.TemporaryDirectory() as directory:
        graph = tool.make(f"{name}/{style}", directory)
        for sizes in dims:
            feeds = tool.inputs(f"{name}/{style}", sizes)
            want = dict(zip(outputs, run(model, feeds)))
            got = tool.reference(graph, feeds)
            for output, value in want.items():
                if not np.isfinite(value).all() or value.std() < 1e-2:
                    raise SystemExit(f"{name}/{style}: {output} is degenerate, deviation {value.std()}")
                if got[output].shape != value.shape:
                    raise SystemExit(f"{name}/{style}: {output} has shape {got[output].shape}, not {value.shape}")
                worst = max(worst, float(np.abs(got[output] - value).max() / np.abs(value).max()))
    if worst > TOLERANCE:
        raise SystemExit(f"{name}/{style} differs from PyTorch by {worst}")
    return worst


def record_style(name, family, style, record):
    model, parameters, offsets = build(family)
    entry = record["styles"][style] = {"inputs": export.inputs_of(family, style), "initializers": {}}
    write_record(name, record)
    dynamic = {size for axes in export.dynamic_dims(entry["inputs"]).values() for size in axes.values()}
    # The exporter takes a size of 1 for a fixed one.
    feeds = tool.inputs(f"{name}/{style}", {size: max(family.dims[size], 2) for size in dynamic})
    values = run(model, feeds)
    if len(values) != len(family.outputs):
        raise SystemExit(f"{name} has {len(values)} outputs, not {', '.join(family.outputs)}")
    proto = export.export(model, style, entry["inputs"], feeds, family.outputs, [value.ndim for value in values])
    # The order in which the graph takes them.
    entry["inputs"] = {value.name: entry["inputs"][value.name] for value in proto.graph.input}
    strip.strip_metadata(proto)
    location = "model.safetensors" if offsets else f"{style}.data"
    entry["initializers"] = strip.externalize(proto, location, parameters, offsets)
    entry["inline_bytes"] = sum(len(tensor.raw_data) for tensor in proto.graph.initializer)
    entry["ops"] = dict(sorted(collections.Counter(node.op_type for node in strip.all_nodes(proto)).items()))
    entry["functions"] = sorted(f"{function.domain}.{function.name}" for function in proto.functions)
    onnx.save(proto, tool.HERE / name / f"{style}.onnx")
    write_record(name, record)
    other = {size: family.dims[size] + (1 if size == "batch" else 4) for size in dynamic}
    entry["difference_to_pytorch"] = float(f"{check(name, style, build(family)[0], family.outputs, [{}, other]):.1e}")


def write_record(name, record):
    (tool.HERE / name).mkdir(exist_ok=True)
    (tool.HERE / name / "model.json").write_text(json.dumps(record, indent=1) + "\n")


def record_family(name, styles, trace):
    family = FAMILIES[name]
    path = tool.HERE / name / "model.json"
    old = json.loads(path.read_text()) if path.is_file() else {"styles": {}}
    versions = {package: importlib.metadata.version(package) for package in PINNED} | {"python": platform.python_version()}
    if styles and old.get("versions", versions) != versions:
        raise SystemExit(f"{name} was recorded with {old['versions']}, not {versions}: record all of its styles")
    model, parameters, _ = build(family)
    tied = {alias: owner for alias, value in model.named_parameters(remove_duplicate=False)
            for owner, first in model.named_parameters() if first is value and alias != owner}
    record = {"name": name, "class": type(model).__name__, "dims": family.dims, "package": family.package,
              "package_sha256": tool.digest(tool.package_weights(family.package)) if family.package else "",
              "norm_offset": family.norm_offset, "tied": tied, "versions": versions,
              "parameters": {key: list(value.shape) for key, value in parameters.items()},
              "styles": {style: entry for style, entry in old["styles"].items() if style in family.styles}}
    for style in family.styles:
        if styles and style not in styles:
            continue
        noise = io.StringIO()
        try:
            with contextlib.redirect_stdout(noise):
                record_style(name, family, style, record)
        except (Exception, SystemExit) as error:  # The reason is part of the record.
            graph = tool.HERE / name / f"{style}.onnx"
            graph.unlink(missing_ok=True)
            reason = strip.PACKAGES.sub("", next(line for line in str(error).splitlines() if line.strip()))
            record["styles"][style] = {"not_recorded": f"{type(error).__name__}: {reason}"}
            print(f"{name}/{style}: {type(error).__name__}: {reason}", flush=True)
            if trace:
                traceback.print_exc()
        else:
            size = (tool.HERE / name / f"{style}.onnx").stat().st_size
            print(f"{name}/{style}: {size / 1024:.0f} KiB, differs from PyTorch by "
                  f"{record['styles'][style]['difference_to_pytorch']}", flush=True)
        write_record(name, record)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="FAMILY or FAMILY/STYLE; all if none is given")
    parser.add_argument("--trace", action="store_true", help="print the traceback of a failed export")
    options = parser.parse_args()
    chosen = collections.defaultdict(list)
    for model in options.models or FAMILIES:
        family, _, style = model.partition("/")
        if family not in FAMILIES or style and style not in FAMILIES[family].styles:
            parser.error(f"no model '{model}'; the families are {', '.join(FAMILIES)}")
        chosen[family] += [style] if style else []
    for family, styles in chosen.items():
        record_family(family, styles, options.trace)


if __name__ == "__main__":
    main()
