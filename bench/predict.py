#!/usr/bin/env python3
"""Holds predicted times and memory against measured ones, for models, layouts and ranks on this machine.

Each row is a model compiled for a layout with --cluster, whose machine file vescale-profile has measured for as many ranks
and threads. All rows take turns; what counts of a row is the lower quartile of its steps, as it is of what is profiled:
neighbours on a machine only add time. Printed are the relative error of each row, the median and the worst, and Kendall's
tau of the layouts of each model and number of ranks and threads, where layouts that differ by less than the spread of
launches, which is taken of all of these, count as ties; and the predicted memory beside the program's arena and what a rank held. Rows with more
ranks than cores are apart.
"""

import argparse
import importlib.util
import itertools
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Layouts by ranks × threads.
TRAINING_LAYOUTS = {
    (1, 1): ["", "--recompute=full", "--micro-batches=2"],
    (1, 2): ["", "--recompute=full"],
    (2, 1): ["--mesh=dp=2", "--mesh=dp=2 --zero=1", "--mesh=dp=2 --zero=2", "--mesh=dp=2 --zero=3", "--mesh=tp=2",
             "--mesh=tp=2 --sp=megatron", "--mesh=sp=2 --sp=ulysses", "--mesh=dp=2 --recompute=full",
             "--mesh=dp=2 --micro-batches=2"],
}
INFERENCE_LAYOUTS = {(1, 1): [""], (1, 2): [""], (2, 1): ["--mesh=dp=2", "--mesh=tp=2"]}
# The layout that vescale-compile chooses for the machine, held against the others.
CHOSEN = "chosen"
for layouts in (TRAINING_LAYOUTS, INFERENCE_LAYOUTS):
    layouts[2, 1].append(CHOSEN)
BEYOND_LAYOUTS = {(4, 1): ["--mesh=dp=4", "--mesh=dp=2,tp=2", "--mesh=tp=4", "--mesh=dp=4 --zero=3"]}
# A step of one of these is so long that more of them tell nothing new.
TRAINED = {"gpt": 3, "llama": 8, "bert": 8, "vit": 60}
INFERRED = {"gpt2/dynamo20": (2, 128), "bert-base/dynamo20": (2, 128), "minilm": (8, 64), "vit-tiny": (8, None)}
WARM = 2  # first steps of a launch that aren't timed
AIMS = {"median": 0.10, "worst": 0.25, "tau": 0.8, "memory": 0.02, "chosen": 1.05}


def load_tool(kind):
    """test/Training/tool.py and test/Models/tool.py have the same name."""
    directory = ROOT / "test" / kind
    sys.path.insert(0, str(directory))
    spec = importlib.util.spec_from_file_location(f"{kind}_tool".lower(), directory / "tool.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def checked(words):
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(next(iter(result.stderr.strip().splitlines()), "failed"))
    return result.stdout


def quartile(values):
    return sorted(values)[(len(values) - 1) // 4]


class Row:
    """A model in a layout: its bundle with the prediction, and the times of its launches."""

    def __init__(self, model, size, flags, bundle):
        self.model, self.size, self.flags, self.bundle = model, size, flags, bundle
        self.launches, self.arena, self.held, self.error = [], 0, 0, None

    def compile(self, build, words, cluster):
        flags = [flag for flag in self.flags.split() if flag != CHOSEN]
        if self.flags != CHOSEN and not any(flag.startswith("--mesh") for flag in flags):
            flags.append("--mesh=dp=1")
        checked([build / "bin/vescale-compile", *words, *flags, f"--cluster={cluster}", "-o", self.bundle])
        self.prediction = json.loads((self.bundle / "prediction.json").read_text())

    @property
    def predicted(self):
        return self.prediction["step_us"] * 1e-3

    @property
    def measured(self):
        return quartile([time for launch in self.launches for time in launch])

    @property
    def spread(self):
        """How far the launches lie apart, half of it on either side."""
        quartiles = [quartile(launch) for launch in self.launches]
        return (max(quartiles) - min(quartiles)) / 2

    @property
    def relative(self):
        return self.predicted / self.measured - 1

    @property
    def memory(self):
        return self.prediction["memory_bytes"] / self.arena - 1

    def entry(self):
        common = {"model": self.model, "ranks": self.size[0], "threads": self.size[1], "layout": self.flags}
        if self.error:
            return common | {"error": self.error}
        return common | {"predicted_ms": self.predicted, "measured_ms": self.measured, "spread_ms": self.spread,
                         "median_ms": statistics.median(itertools.chain(*self.launches)), "relative_error": self.relative,
                         "exposed_ms": self.prediction["exposed_us"] * 1e-3,
                         "predicted_bytes": self.prediction["memory_bytes"], "arena_bytes": self.arena, "held_bytes": self.held}


class TrainingRow(Row):
    def prepare(self, build, tool, directory, cluster):
        directory = directory / self.model
        if not (directory / "model.onnx").is_file():
            tool.make(self.model, directory)
        dims = dict(tool.describe(self.model)[0]["dims"])
        if "--micro-batches=2" in self.flags:
            dims["batch"] //= 2  # a step has as many samples as the others'
        self.data = next(path for path in (directory / "tokens.bin", directory / "data.safetensors") if path.is_file())
        self.compile(build, [directory / "model.onnx", f"--train={directory / 'train.json'}",
                             *(f"--dim={name}={size}" for name, size in dims.items())], cluster)

    def launch(self, build):
        log = self.bundle.with_suffix(".log")
        log.unlink(missing_ok=True)
        steps = TRAINED[self.model] + WARM
        checked([build / "bin/vescale-run", self.bundle, "--", f"--data={self.data}", f"--steps={steps}",
                 f"--threads={self.size[1]}", f"--log={log}"])
        entries = [entry for entry in map(json.loads, log.read_text().splitlines()) if "step_ms" in entry]
        self.launches.append([entry["step_ms"] for entry in entries[WARM:]])
        self.arena = entries[-1]["arena_bytes"] + entries[-1]["comm_bytes"]
        self.held = max(entry["held_bytes"] for entry in entries)


class InferenceRow(Row):
    REPEAT = 8

    def prepare(self, build, tool, directory, cluster):
        directory = directory / self.model.replace("/", "-")
        batch, sequence = INFERRED[self.model]
        dims = {"batch": batch} | ({"sequence": sequence} if sequence else {})
        record, style = tool.describe(self.model)
        graph = directory / f"{style}.onnx"
        self.inputs = directory / "in.npz"
        if not self.inputs.is_file():
            graph = tool.make(self.model, directory)
            np.savez(self.inputs, **tool.inputs(self.model, dims))
        self.compile(build, [graph, *(f"--dim={name}={size}" for name, size in dims.items())], cluster)

    def launch(self, build):
        for _ in range(2):
            result = json.loads(checked([build / "bin/vescale-run", self.bundle, f"--input={self.inputs}",
                                         f"--output={self.bundle}.npz", "--", "--json", f"--repeat={self.REPEAT}",
                                         f"--warmup={WARM}", f"--threads={self.size[1]}"]).splitlines()[-1])
            self.launches.append([result["step_ms"]["median"]])
        self.arena = result["arena_bytes"] + result["comm_bytes"]
        self.held = result["held_bytes"]


def make_rows(options, directory):
    rows = []

    def add(kind, model, layouts):
        for size, flags in ((size, each) for size, all_flags in layouts.items() for each in all_flags):
            if options.only in f"{model} {size[0]}x{size[1]} {flags}":
                rows.append(kind(model, size, flags, directory / f"bundle-{len(rows)}"))

    for model in TRAINED:
        add(TrainingRow, model, TRAINING_LAYOUTS)
    for model in INFERRED:
        add(InferenceRow, model, INFERENCE_LAYOUTS)
    if options.beyond:
        add(TrainingRow, "llama", BEYOND_LAYOUTS)
        add(TrainingRow, "bert", BEYOND_LAYOUTS)
    return rows


def profile(build, sizes, given, directory):
    """Machine files by ranks × threads."""
    files = {}
    for ranks, threads in sorted(sizes):
        name = f"{ranks}x{threads}"
        files[ranks, threads] = given.get(name, directory / f"machine-{name}.json")
        if name not in given:
            print(f"profiling ranks {ranks} with threads {threads}", file=sys.stderr, flush=True)
            checked([build / "bin/vescale-profile", f"--ranks={ranks}", f"--threads={threads}", "-o", files[ranks, threads]])
    return files


def kendall(rows):
    """Tau of the pairs that can be told apart; None without any. Few launches of one row say little of how far they
    spread, and all rows ran under the same conditions: theirs together is each one's."""
    spread = statistics.mean(row.spread ** 2 for row in rows) ** 0.5
    agreeing, pairs = 0, 0
    for a, b in itertools.combinations(rows, 2):
        if abs(a.measured - b.measured) <= 2 * spread:
            continue
        pairs += 1
        agreeing += 1 if (a.measured - b.measured) * (a.predicted - b.predicted) > 0 else -1
    return agreeing / pairs if pairs else None


def groups(rows):
    found = {}
    for row in rows:
        found.setdefault((type(row).__name__, row.model, row.size), []).append(row)
    return {key: members for key, members in found.items() if len(members) > 1}


def show(title, rows):
    """Prints the rows and what they come to; returns that."""
    print(f"\n{title}\n{'model':20}{'size':6}{'layout':32}{'predicted':>10}{'measured':>10}{'error':>8}{'spread':>8}"
          f"{'memory MiB':>12}{'arena':>9}{'held':>9}")
    for row in rows:
        head = f"{row.model:20}{row.size[0]}x{row.size[1]}   {row.flags:32}"
        if row.error:
            print(f"{head} not run: {row.error[:100]}")
            continue
        print(f"{head}{row.predicted:10.2f}{row.measured:10.2f}{row.relative:8.1%}{row.spread / row.measured:8.1%}"
              f"{row.prediction['memory_bytes'] / 2**20:12.1f}{row.arena / 2**20:9.1f}{row.held / 2**20:9.1f}")
    ran = [row for row in rows if not row.error]
    if not ran:
        return {}
    errors = [abs(row.relative) for row in ran]
    total = {"rows": len(ran), "median": statistics.median(errors), "worst": max(errors),
             "memory": max(abs(row.memory) for row in ran), "tau": {}}
    print(f"{len(ran)} rows: median error {total['median']:.1%}, worst {total['worst']:.1%}; memory at most "
          f"{total['memory']:.1%} off")
    for (_, model, size), members in groups(ran).items():
        tau = kendall(members)
        total["tau"][f"{model} {size[0]}x{size[1]}"] = tau
        print(f"  {model:20}{size[0]}x{size[1]}  tau " + ("- (all ties)" if tau is None else f"{tau:.2f}")
              + compare_chosen(members, f"{model} {size[0]}x{size[1]}", total))
    return total


def compare_chosen(rows, name, total):
    """How the chosen layout does beside the quickest of those tried by hand, in words."""
    chosen = [row for row in rows if row.flags == CHOSEN]
    others = [row for row in rows if row.flags != CHOSEN]
    if not chosen or not others:
        return ""
    best = min(others, key=lambda row: row.measured)
    ratio = chosen[0].measured / best.measured
    total.setdefault("chosen", {})[name] = ratio
    return f"; the chosen layout takes {ratio:.2f} of the quickest by hand ({best.flags})"


def missed(total):
    """The aims that were not reached, in words."""
    words = [f"{name} {total[name]:.1%} > {AIMS[name]:.0%}" for name in ("median", "worst", "memory")
             if total[name] > AIMS[name]]
    return words + [f"tau of {name} {tau:.2f} < {AIMS['tau']}" for name, tau in total["tau"].items()
                    if tau is not None and tau < AIMS["tau"]] + [
        f"chosen for {name} {ratio:.2f} > {AIMS['chosen']}" for name, ratio in total.get("chosen", {}).items()
        if ratio > AIMS["chosen"]]


def bench(options, build, directory):
    tools = {TrainingRow: load_tool("Training"), InferenceRow: load_tool("Models")}
    rows = make_rows(options, directory)
    machines = profile(build, {row.size for row in rows}, dict(each.split("=", 1) for each in options.machine), directory)

    def attempt(row, call):
        if not row.error:
            try:
                call()
            except (RuntimeError, OSError, SystemExit) as error:
                row.error = str(error)

    for row in rows:
        attempt(row, lambda row=row: row.prepare(build, tools[type(row)], directory, machines[row.size]))
    for turn in range(options.turns):
        for row in rows:
            attempt(row, lambda row=row: row.launch(build))
        print(f"turn {turn + 1} of {options.turns}", file=sys.stderr, flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--turns", type=int, default=3, help="launches of each row (default 3)")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows with this in them, such as bert or 2x1")
    parser.add_argument("--machine", action="append", default=[], metavar="RxT=FILE",
                        help="a machine file for so many ranks and threads, in place of a new profile")
    parser.add_argument("--beyond", action="store_true", help="rows with more ranks than cores as well")
    parser.add_argument("--output", default="bench/predict-results.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        rows = bench(options, (ROOT / options.build).resolve(), pathlib.Path(directory))
    within = [row for row in rows if row.size[0] <= 2]
    total = show("ranks × threads ≤ cores; times in ms", within)
    beyond = show("more ranks than cores", [row for row in rows if row not in within]) if options.beyond else {}
    (ROOT / options.output).write_text(json.dumps(
        {"within": total, "beyond": beyond, "rows": [row.entry() for row in rows]}, indent=1) + "\n")
    words = missed(total) if total else ["nothing ran"]
    print("\nall aims are reached" if not words else "\nnot reached: " + "; ".join(words))
    return 0


if __name__ == "__main__":
    sys.exit(main())
