#!/usr/bin/env python3
"""Writes the ONNX model of a large decoder from its configuration, without weights: shapes suffice for planning."""

import argparse
import json
import pathlib
import sys

import onnx

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from decoders.gpt2 import Gpt2  # noqa: E402
from decoders.llama import Llama  # noqa: E402

CONFIGS = HERE / "decoders"
# By the configuration's model_type, with its field for the number of layers.
FAMILIES = {"llama": (Llama, "num_hidden_layers"), "gpt2": (Gpt2, "n_layer")}


def names():
    return sorted(path.stem for path in CONFIGS.glob("*.json"))


def read(model):
    """A configuration by the name of one that is here, or from a file as on the Hugging Face Hub."""
    path = CONFIGS / f"{model}.json" if model in names() else pathlib.Path(model)
    if not path.is_file():
        raise SystemExit(f"no configuration '{model}'; known are {', '.join(names())}, and config.json files")
    return json.loads(path.read_text())


def build(config, layers=None, batch=None, sequence=None, data="model.data"):
    """The model, its weights in a file `data` that need not exist; sizes not given are dynamic dimensions."""
    kind = config.get("model_type")
    if kind not in FAMILIES:
        raise SystemExit(f"the configuration is of a '{kind}'; known are {', '.join(FAMILIES)}")
    family, field = FAMILIES[kind]
    return family(config | ({field: layers} if layers else {})).model(batch or "batch", sequence or "sequence", data)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help=f"{', '.join(names())}, or the config.json of a {' or '.join(FAMILIES)}")
    parser.add_argument("output", type=pathlib.Path, help="an .onnx file")
    parser.add_argument("--layers", type=int, help="another number of layers than the configuration's")
    parser.add_argument("--batch", type=int, help="a fixed size (default: --dim=batch=N of the compiler)")
    parser.add_argument("--sequence", type=int, help="a fixed size (default: --dim=sequence=N of the compiler)")
    options = parser.parse_args()
    for name in ("layers", "batch", "sequence"):
        value = getattr(options, name)
        if value is not None and value < 1:
            parser.error(f"--{name} is at least 1")
    model = build(read(options.model), options.layers, options.batch, options.sequence, f"{options.output.stem}.data")
    onnx.save(model, options.output)


if __name__ == "__main__":
    main()
