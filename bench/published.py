#!/usr/bin/env python3
"""Published trainings of large models beside the planner's plans of the same model on the same machine.

usage: published.py BUILD [RUN…]

For each run four rows: what was published; the published degrees, planned and priced as all plans are, with nothing
computed again, whatever memory that needs, and within the memory; and the planner's own plan. Utilization is counted as docs/Design/simulator.md says.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test/Models"))

import shapes  # noqa: E402

GIB = 1 << 30
PEAKS = {"dgx-a100": 312e12, "dgx-h100": 989.4e12}  # dense bf16

# The published step follows from the utilization where no time was published.
RUNS = {
    "llama-8192": {
        "what": "LLaMA-3 405B (Dubey et al. 2024, table 4)",
        "model": "llama-3-405b", "machine": "dgx-h100", "devices": 8192, "batch": 2048, "sequence": 8192,
        "degrees": "pp=16,dp=64,tp=8", "micro_batches": 32, "utilization": 0.43, "search": ["--stages=128"],
    },
    "llama-16384": {
        "what": "LLaMA-3 405B (Dubey et al. 2024, table 4)",
        "model": "llama-3-405b", "machine": "dgx-h100", "devices": 16384, "batch": 2048, "sequence": 8192,
        "degrees": "pp=16,dp=128,tp=8", "micro_batches": 16, "utilization": 0.41, "search": ["--stages=128"],
    },
    "gpt-12288": {
        "what": "Megatron-LM 175B (Jiang et al. 2024, table 2)",
        "model": "gpt-175b", "machine": "dgx-a100", "devices": 12288, "batch": 6144, "sequence": 2048,
        "degrees": "pp=8,dp=192,tp=8", "micro_batches": 32, "utilization": 0.412, "search": ["--stages=96"],
    },
}


def operations(config, sequence):
    """Of a token's forward and backward, as is customary (Chowdhery et al. 2022)."""
    if config["model_type"] == "llama":
        hidden, layers = config["hidden_size"], config["num_hidden_layers"]
        keys = config["num_key_value_heads"] * hidden // config["num_attention_heads"]
        layer = 2 * hidden * hidden + 2 * hidden * keys + 3 * hidden * config["intermediate_size"]
    else:
        hidden, layers = config["n_embd"], config["n_layer"]
        layer = 12 * hidden * hidden
    return 6 * (layers * layer + hidden * config["vocab_size"]) + 12 * layers * hidden * sequence


def plan(binaries, folder, run, options):
    output = subprocess.run(
        [binaries / "vescale-plan", folder / f"{run['model']}.onnx", f"--train={folder / 'train.json'}",
         "--train-set=compute=bf16", f"--dim=batch={run['batch']}", f"--dim=sequence={run['sequence']}", "--split-batch",
         f"--cluster={run['machine']}:{run['devices']}", "--json", *options],
        stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads(output)


def describe(best):
    text = ", ".join(f"{axis}={best[axis]}" for axis in ("pp", "dp", "tp"))
    text += f", {best['parts']} parts, {best['micro_batches']} micro-batches, ZeRO-{best['zero']}"
    recompute = best.get("recompute", "none")
    return text + (", recompute " + (recompute if recompute in ("none", "selective", "full") else "of some layers"))


def memory(best):
    return sum(best[f"{kind}_bytes"] for kind in ("parameter", "gradient", "optimizer", "activation", "transient"))


def show(binaries, folder, run):
    config = shapes.read(run["model"])
    flops = operations(config, run["sequence"]) * run["sequence"] * run["batch"]
    shortest = flops / (run["devices"] * PEAKS[run["machine"]])

    def row(name, degrees, seconds, needs):
        print(f"| {name} | {degrees} | {seconds:.2f} s | {100 * shortest / seconds:.1f} % | {needs} |", flush=True)

    print(f"\n{run['what']}, {run['devices']:,} devices\n\n| | plan | step | utilization | memory a rank |\n|---|---|---|---|---|")
    row("published", run["degrees"].replace(",", ", ") + f", {run['micro_batches']} micro-batches",
        shortest / run["utilization"], "")
    published = [f"--mesh={run['degrees']}", f"--micro-batches={run['micro_batches']}", "--zero=1"]
    unlimited = [*published, "--recompute=none", f"--memory-bytes={1 << 50}"]
    for name, options in (("published degrees, planned without a limit", unlimited),
                          ("published degrees, planned", published), ("planner's own", run["search"])):
        found = plan(binaries, folder, run, options)
        best = found["plans"][0]
        row(name, describe(best), best["step_us"] / 1e6, f"{memory(best) / GIB:.1f} GiB")
        if found["stopped"]:
            print(f"(cut short by the {found['stopped']})")


def main():
    build, *names = sys.argv[1:]
    binaries = pathlib.Path(build).resolve() / "bin"
    for name in names:
        if name not in RUNS:
            raise SystemExit(f"no run '{name}'; known are {', '.join(RUNS)}")
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        (folder / "train.json").write_bytes(
            subprocess.run([binaries / "vescale-compile", "--train=default"], stdout=subprocess.PIPE, check=True).stdout)
        for name in names or RUNS:
            run = RUNS[name]
            model = folder / f"{run['model']}.onnx"
            if not model.exists():
                subprocess.run([sys.executable, ROOT / "test/Models/shapes.py", run["model"], model], check=True)
            show(binaries, folder, run)


if __name__ == "__main__":
    main()
