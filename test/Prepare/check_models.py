#!/usr/bin/env python3
"""Imports and prepares recorded models, counts what was raised and holds the results against ONNX Runtime.

    check_models.py BIN_DIR [--dim=NAME=N]… [FAMILY[/STYLE]]…

prints a line per model; exit status 1 if one of them differs from what the table below says or from the reference. Sizes
other than the recorded ones (`--dim`) are counted the same; a dimension of size 1 must not hide anything.
"""

import collections
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "Models"), str(HERE.parent / "Frontend")]

import evaluate  # noqa: E402
import tool  # noqa: E402

# Per family: what must be there in every style. `heads` are the key heads of each attention, `causal` how many say so.
LAYERS2 = {"attention": 2}
ANY = None
EXPECTED = {
    "bert-tiny": LAYERS2 | {"layer_norm": 5, "gelu": 2, "tanh": 1},
    "distilbert-tiny": LAYERS2 | {"layer_norm": 5, "gelu": 2},
    "roberta-tiny": LAYERS2 | {"layer_norm": 5, "gelu": 2, "tanh": 1},
    "minilm": {"attention": 6, "layer_norm": 13, "gelu": 6, "sqrt": 1},
    "gpt2-tiny": LAYERS2 | {"layer_norm": 5, "gelu": 2, "causal": 2},
    "opt-tiny": LAYERS2 | {"layer_norm": 5, "relu": 2, "causal": 2},
    "gptj-tiny": LAYERS2 | {"layer_norm": 3, "gelu": 2, "rotary": 4, "causal": 2},
    "gptneox-tiny": LAYERS2 | {"layer_norm": 5, "gelu": 2, "rotary": 4, "causal": 2},
    "phi-tiny": LAYERS2 | {"layer_norm": 3, "gelu": 2, "rotary": 4, "causal": 2},
    "llama-tiny": LAYERS2 | {"rms_norm": 5, "silu": 2, "rotary": 4, "causal": 2, "heads": 2},
    "mistral-tiny": LAYERS2 | {"rms_norm": 5, "silu": 2, "rotary": 4, "causal": 2, "window": 2, "heads": 2},
    "qwen3-tiny": LAYERS2 | {"rms_norm": 9, "silu": 2, "rotary": 4, "causal": 2, "heads": 2},
    "gemma2-tiny": LAYERS2 | {"rms_norm": 9, "gelu": 2, "rotary": 4, "softcap": 2, "causal": 2, "window": 1, "heads": 2,
                              "tanh": 1},
    "mixtral-tiny": LAYERS2 | {"rms_norm": 5, "silu": 2, "rotary": 4, "causal": 2, "heads": 2, "softmax": 2,
                               "is_nan": 2},
    "bloom-tiny": LAYERS2 | {"layer_norm": 6, "gelu": 2, "masked": 2},
    "t5-encoder-tiny": LAYERS2 | {"rms_norm": 5, "masked": 2},
    "deberta-tiny": LAYERS2 | {"layer_norm": 5, "gelu": 2, "masked": 2},
    "swin-tiny": {"attention": 4, "layer_norm": 11, "gelu": 4, "masked": 4},
    "resnet-tiny": {"attention": 0, "sqrt": ANY},
    "vit-tiny": LAYERS2 | {"layer_norm": 5, "gelu": 2},
    "bert-base": {"attention": 12, "layer_norm": 25, "gelu": 12, "tanh": 1},
    "gpt2": {"attention": 12, "layer_norm": 25, "gelu": 12, "causal": 12},
}
# What must not be left of decomposed composites. In the table are those that are no part of one: the root in the length
# that MiniLM's embedding is divided by, the tanh of BERT's pooler and of Gemma's soft-capped logits, the softmax that chooses Mixtral's
# experts, the root in ResNet's normalisation by running statistics, which some exports keep.
ATTRIBUTES = ("causal", "window", "softcap", "masked", "heads")
STRAY = ("softmax", "tanh", "erf", "exp", "sqrt", "rsqrt", "pow", "is_nan", "sigmoid")


def load_view(attrs, directory):
    """A parameter with its strides; evaluate.py knows whole parameters only."""
    stored = whole_parameter(attrs, directory)
    if "view_strides" not in attrs:
        return stored
    strides = evaluate.ints(attrs["view_strides"].partition(":")[2])
    offset = int(attrs["view_offset"].split()[0])
    flat = stored.reshape(-1)[offset:]
    return np.lib.stride_tricks.as_strided(flat, shapes.pop(0), [s * stored.itemsize for s in strides])


whole_parameter, evaluate.load_parameter = evaluate.load_parameter, load_view
shapes = []


def run(*command, stdin=None):
    result = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} exited with {result.returncode}:\n{result.stderr[-3000:]}")
    return result.stdout, result.stderr


def prepared(bin_dir, graph, dims):
    imported, _ = run(bin_dir / "vescale-import", graph, *[f"--dim={name}={size}" for name, size in dims.items()])
    return run(bin_dir / "vescale-opt", "--prepare", "-", stdin=imported)


def count(text):
    found = collections.Counter(re.findall(r"= graph\.(\w+)", text))
    found["causal"] = len(re.findall(r"graph\.attention .* causal", text))
    found["window"] = len(re.findall(r"graph\.attention .* window [1-9]", text))
    found["softcap"] = len(re.findall(r"graph\.attention .* softcap ", text))
    found["masked"] = len(re.findall(r"graph\.attention .* mask ", text))
    heads = {int(re.search(r": \(tensor<\S+>, tensor<\d+x(\d+)x", line)[1]) for line in text.splitlines()
             if "graph.attention" in line}
    found["heads"] = max(heads, default=0)
    return found


def numbers(bin_dir, text, graph, feeds):
    generic, _ = run(bin_dir / "vescale-opt", "--mlir-print-op-generic", "-", stdin=text)
    shapes[:] = [evaluate.parse_type(line.rpartition(" -> ")[2])[0] for line in generic.splitlines()
                 if '"graph.parameter"' in line and "view_strides" in line]
    got = evaluate.evaluate(generic, feeds, graph.parent)
    return list(tool.compare(got, tool.reference(graph, feeds), 2e-5))


def check(bin_dir, model, sizes):
    """Yields what is wrong; prints a line for people."""
    family, _, style = model.partition("/")
    record, style = tool.describe(model)
    with tempfile.TemporaryDirectory() as directory:
        graph = tool.make(model, directory)
        dynamic = {size for spec in record["styles"][style]["inputs"].values() for size in spec["shape"]}
        dims = {name: size for name, size in (record["dims"] | sizes).items() if name in dynamic}
        feeds = tool.inputs(model, dims)
        text, remarks = prepared(bin_dir, graph, dims)
        found = count(text)
        expected = EXPECTED[family]
        wrong = [f"{found[what]} {what} instead of {n}" for what, n in expected.items() if n not in (ANY, found[what])]
        wrong += [f"{found[op]} {op} left" for op in STRAY if found[op] and op not in expected]
        if remarks:
            wrong.append(remarks.splitlines()[0])
        compared = [] if family in ("gpt2", "bert-base") else numbers(bin_dir, text, graph, feeds)
        wrong += [line for line, good in compared if not good]
        what = " ".join(f"{name}:{found[name]}" for name in
                        ("attention", "causal", "window", "softcap", "masked", "heads", "rms_norm", "layer_norm", "gelu", "silu", "rotary",
                         "dot", "slice", "transpose", "reshape", "broadcast", "select") if found[name])
        errors = [float(m[1]) for line, _ in compared if (m := re.search(r"error (\S+)", line))]
        print(f"{model:28} {sum(n for op, n in found.items() if op not in ATTRIBUTES):4} ops  "
              f"{what}  error {max(errors, default=float('nan')):.1e}{'' if not wrong else '  WRONG: ' + '; '.join(wrong)}")
        return wrong


def main():
    bin_dir = pathlib.Path(sys.argv[1])
    sizes = dict(tool.sizes(word.removeprefix("--dim=")) for word in sys.argv[2:] if word.startswith("--dim="))
    chosen = [word for word in sys.argv[2:] if not word.startswith("-")] or [f for f in EXPECTED if f not in ("gpt2", "bert-base")]
    models = [m for m in tool.all_models() if m in chosen or m.partition("/")[0] in chosen]
    bad = [model for model in models if check(bin_dir, model, sizes)]
    print(f"{len(models) - len(bad)} of {len(models)} models are right")
    return 1 if bad or not models else 0


if __name__ == "__main__":
    sys.exit(main())
