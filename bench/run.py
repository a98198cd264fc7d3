#!/usr/bin/env python3
"""Times compiled models beside ONNX Runtime and PyTorch eager in one run; prints and writes medians and ratios.

Rows: GPT-2 124M at 1×128 and 4×512 and BERT-base at 1×128, with 1 and 2 threads, and two ranks of one thread (tp=2).
Peers run in processes of their own with as many threads; the runs of all alternate, so that a machine that drifts
drifts for all. Needs what test/Models/requirements-record.txt pins; PyTorch's row is left out where it is missing.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test" / "Models"))

import tool  # noqa: E402
from turns import Subject, alternate, show_entry, spawn, timed  # noqa: E402

ROWS = [("gpt2/dynamo20", 1, 128), ("gpt2/dynamo20", 4, 512), ("bert-base/dynamo20", 1, 128)]
AIM = 0.85  # of the best peer


def peer_onnxruntime(graph, inputs, threads, repeat):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(graph, options, ["CPUExecutionProvider"])
    return timed(lambda: session.run(None, inputs), repeat)


def peer_pytorch(graph, inputs, threads, repeat):
    import torch
    import transformers
    torch.set_num_threads(threads)
    record, _ = tool.describe("gpt2" if "gpt2" in graph else "bert-base")
    if record["name"] == "gpt2":
        model = transformers.GPT2LMHeadModel(transformers.GPT2Config())
    else:
        model = transformers.BertModel(transformers.BertConfig())
    model.eval()
    feeds = {name: torch.from_numpy(value) for name, value in inputs.items()}
    with torch.no_grad():
        return timed(lambda: model(**feeds), repeat)


PEERS = {"onnxruntime": peer_onnxruntime, "pytorch": peer_pytorch}


def child(name, graph, inputs, threads, repeat):
    """Runs a peer in this process and prints its times and memory."""
    import resource
    with np.load(inputs) as feeds:
        times = PEERS[name](graph, dict(feeds), threads, repeat)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"times": times, "peak_rss_bytes": peak}))


def ours(build, bundle, inputs, threads, repeat):
    def turn():
        result = spawn([build / "bin/vescale-run", bundle, f"--input={inputs}", f"--output={bundle}.npz", "--",
                        "--json", f"--repeat={repeat}", "--warmup=1", f"--threads={threads}"])
        return {"times": [result["step_ms"]["median"]], "peak_rss_bytes": result["peak_rss_bytes"]}
    return turn


def peer(name, graph, inputs, threads, repeat):
    return lambda: spawn([sys.executable, __file__, "--peer", name, graph, inputs, threads, repeat])


def compile_model(build, graph, bundle, mesh, batch, sequence):
    start = time.perf_counter()
    subprocess.run([build / "bin/vescale-compile", graph, "-o", bundle, f"--mesh={mesh}", f"--dim=batch={batch}",
                    f"--dim=sequence={sequence}"], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def bench(build, model, batch, sequence, turns, repeat, directory):
    graph = tool.make(model, directory / model.replace("/", "-"))
    inputs = directory / "in.npz"
    np.savez(inputs, **tool.inputs(model, {"batch": batch, "sequence": sequence}))
    row = {"model": model, "batch": batch, "sequence": sequence}
    row["compile_s"] = compile_model(build, graph, directory / "tp1", "tp=1", batch, sequence)
    compile_model(build, graph, directory / "tp2", "tp=2", batch, sequence)
    subjects = {}
    for threads in (1, 2):
        subjects[f"vescale, {threads} thread"] = Subject("vescale", ours(build, directory / "tp1", inputs, threads, repeat))
        for name in PEERS:
            subjects[f"{name}, {threads} thread"] = Subject(name, peer(name, graph, inputs, threads, repeat))
    subjects["vescale, tp=2 × 1 thread"] = Subject("vescale", ours(build, directory / "tp2", inputs, 1, repeat))
    row["subjects"] = alternate(subjects, turns)
    return row


def show(row):
    print(f"\n{row['model']} {row['batch']}×{row['sequence']}   (compiled in {row['compile_s']:.1f} s)")
    entries = row["subjects"]
    for label, entry in entries.items():
        show_entry(label, entry)
    for threads in (1, 2):
        peers = [entries[f"{name}, {threads} thread"].get("median_ms") for name in PEERS]
        peers = [value for value in peers if value]
        own = entries[f"vescale, {threads} thread"].get("median_ms")
        if own and peers:
            print(f"  {threads} thread: {own / min(peers):.2f} of the best peer (aim {AIM})")
    one, two = entries["vescale, tp=2 × 1 thread"].get("median_ms"), entries["vescale, 2 thread"].get("median_ms")
    if one and two:
        print(f"  tp=2: {one / two:.2f} of one rank with two threads (aim 1.1)")


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--peer":
        return child(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--turns", type=int, default=7, help="how often the subjects alternate (default 7)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of a subject in one turn (default 3)")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose name has this in it, such as gpt2/dynamo20 1x128")
    parser.add_argument("--output", default="bench/results.json")
    options = parser.parse_args()
    build = (ROOT / options.build).resolve()
    rows = []
    for model, batch, sequence in ROWS:
        if options.only not in f"{model} {batch}x{sequence}":
            continue
        with tempfile.TemporaryDirectory() as directory:
            rows.append(bench(build, model, batch, sequence, options.turns, options.repeat, pathlib.Path(directory)))
        show(rows[-1])
    (ROOT / options.output).write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
