#!/usr/bin/env python3
"""Writes the figures of docs/Layouts: what a rank sends in a step, and the memory that it takes, of the recorded GPT.

usage: layout_figures.py [--bin DIR] [--check] [PAGE…]

A page has the layouts' flags in a comment, `<!-- figures: FLAGS | FLAGS -->`, and the table between it and `<!-- end -->`.
With --check nothing is written; exit status 1 where a table is stale.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "test" / "Plan"), str(ROOT / "test" / "Training")]

import tool  # noqa: E402
import volumes  # noqa: E402

MODEL = "gpt"
FIGURES = re.compile(r"(<!-- figures: (.*?) -->\n).*?(<!-- end -->)", re.S)
MICRO = re.compile(r"--micro-batches=(\d+)")


class Model:
    """The GPT in a directory of its own, compiled by what is in `bin`."""

    def __init__(self, bin, directory):
        self.compiler, self.directory = bin / "vescale-compile", pathlib.Path(directory)
        self.dims = tool.describe(MODEL)[0]["dims"]
        self.graph, _ = tool.make(MODEL, self.directory)
        self.known = {}

    def figures(self, flags):
        """MiB of a rank: sent, arena, communication buffers. Micro-batches are parts of the same batch."""
        if flags not in self.known:
            parts = int(found[1]) if (found := MICRO.search(flags)) else 1
            dims = {**self.dims, "batch": self.dims["batch"] // parts}
            words = [self.compiler, self.graph, f"--train={self.directory / 'train.json'}", *flags.split(),
                     *(f"--dim={name}={size}" for name, size in dims.items()), "--compile-to=lower",
                     f"--dump-phases={self.directory}", "-o", "/dev/null"]
            subprocess.run([str(word) for word in words], check=True, stderr=subprocess.PIPE)
            partitioned = (self.directory / "3.partition.mlir").read_text()
            sent = volumes.measure(re.sub(r" loc\(.*\)$", "", partitioned, flags=re.M))
            times = {"main": 1, "accumulate": parts - 1, "eval": 0}
            program = (self.directory / "5.lower.mlir").read_text()
            memory = map(int, re.search(r"rank\.program .* arena (\d+) comm (\d+)", program).groups())
            self.known[flags] = [sum(times[name] * sum(sizes) for name, sizes in sent.items()), *memory]
        return [size / 2**20 for size in self.known[flags]]


def table(model, layouts):
    yield "| layout | sent | arena | communication |"
    yield "|---|---|---|---|"
    for flags in layouts:
        name = "one rank" if flags == "none" else f"`{flags}`"
        yield f"| {name} | " + " | ".join(f"{size:.1f}" for size in model.figures("" if flags == "none" else flags)) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("pages", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    stale = False
    with tempfile.TemporaryDirectory() as directory:
        model = Model(options.bin, directory)
        for page in options.pages or sorted((ROOT / "docs/Layouts").glob("*.md")):
            old = page.read_text()
            new = FIGURES.sub(lambda found: found[1] + "\n".join(table(model, found[2].split(" | "))) + "\n" + found[3], old)
            if new == old:
                continue
            if options.check:
                stale = True
                print(f"{page.relative_to(ROOT)} is stale; ./dev docs writes its figures", file=sys.stderr)
                lines = zip(old.splitlines(), new.splitlines())
                print("\n".join(f"- {before}\n+ {after}" for before, after in lines if before != after), file=sys.stderr)
            else:
                page.write_text(new)
                print(f"wrote {page}")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
