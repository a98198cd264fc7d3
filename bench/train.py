#!/usr/bin/env python3
"""Times training steps beside PyTorch and JAX in one run; prints and writes medians, ratios and memory.

The model is the byte-level GPT of test/Training (6 layers, 384 wide, sequence 256, batch 8), with the same first weights
and the same text for all; a peer whose losses are not the recorded ones is not timed. Peers are PyTorch eager and
compiled and JAX in one process, DDP, FSDP and DTensor over gloo in two of one thread. Each stays in processes of its own,
asleep between its turns; the turns alternate, so that a machine that drifts drifts for all. Needs what
test/Training/requirements-record.txt pins; a peer that is missing or fails is shown with its reason.
"""

import argparse
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
sys.path.insert(0, str(ROOT / "test" / "Training"))

import tool  # noqa: E402
from turns import Memory, Subject, Worker, alternate, checked, last_line, rank_commands, show_entry  # noqa: E402

MODEL = "gpt/adamw"
# By hand from the shapes: three products for each of the forward pass's; attention counted without its mask.
GFLOP = 3 * 2 * 8 * 256 * (6 * (12 * 384 * 384 + 2 * 256 * 384) + 384 * 256) / 1e9
# label: (kind of PyTorch worker or "jax", ranks, threads)
PEER_ROWS = {"pytorch eager 1×1": ("eager", 1, 1), "pytorch compile 1×1": ("compile", 1, 1), "jax 1×1": ("jax", 1, 1),
             "pytorch eager 1×2": ("eager", 1, 2), "pytorch compile 1×2": ("compile", 1, 2), "jax 1×2": ("jax", 1, 2),
             "pytorch ddp 2×1": ("ddp", 2, 1), "pytorch fsdp 2×1": ("fsdp", 2, 1), "pytorch dtensor tp 2×1": ("tp", 2, 1)}
# label: (layout, threads, whose best time it is held against, and the aimed share of it)
OWN_ROWS = {"vescale 1×1": ([], 1, "1×1", 0.85), "vescale 1×2": ([], 2, "1×2", 0.85),
            "vescale dp=2": (["--mesh=dp=2"], 1, "ddp", 0.78), "vescale zero=3": (["--mesh=dp=2", "--zero=3"], 1, "fsdp", 0.70),
            "vescale tp=2": (["--mesh=tp=2"], 1, "dtensor", 0.60)}
MEMORY_AIM = 0.6  # of PyTorch eager's, or of the peer's with as many ranks
WARM = 2  # first steps of a launch that aren't timed


def peer_worker(kind, ranks, threads, directory):
    script, words = ("jax_gpt.py", []) if kind == "jax" else ("torch_gpt.py", [kind])
    return Worker(rank_commands(PEERS / script, [*words, directory, threads], ranks, threads),
                  directory / f"{kind}-{ranks}-{threads}.log")


def check_losses(got, want):
    """Only those are timed that compute what was recorded."""
    if len(got) != len(want) or not all(abs(a - b) <= 1e-4 * b for a, b in zip(got, want)):
        raise RuntimeError(f"its losses are {got}, not {want}")


def start_peer(subject, worker, recorded):
    """Starts a peer's processes and holds its first losses against the recorded ones."""
    try:
        begun = worker.start()
        check_losses(begun["losses"], recorded[:len(begun["losses"])])
    except (RuntimeError, OSError) as error:
        worker.stop()
        subject.error = str(error)
        return
    subject.peak, subject.more["first_step_s"] = begun["peak_rss_bytes"], [begun["first_step_s"]]


def compile_own(build, directory, label, layout):
    """Compiles the training program; returns the bundle."""
    bundle = directory / label.replace(" ", "-")
    checked([build / "bin/vescale-compile", directory / "model.onnx", "-o", bundle, f"--train={directory / 'train.json'}",
             *layout, "--dim=batch=8", "--dim=sequence=256"])
    return bundle


def own_turn(build, bundle, directory, threads, steps, recorded):
    """One launch of the trained program; the first steps of each are left out. The first launch is watched, not timed."""
    log = bundle.with_suffix(".log")
    words = [build / "bin/vescale-run", bundle, "--", f"--data={directory / 'tokens.bin'}", f"--steps={steps + WARM}",
             f"--threads={threads}", f"--log={log}"]

    def turn(watched=False):
        log.unlink(missing_ok=True)
        begin, logged = time.perf_counter(), []

        def poll():
            if not logged and log.is_file() and log.stat().st_size:
                logged.append(time.perf_counter())

        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL, stderr=errors)
            with Memory(*([process.pid] if watched else []), poll=poll) as memory:
                status = process.wait()
            errors.seek(0)
            if status:
                raise RuntimeError(last_line(errors.read()))
        poll()
        entries = [entry for entry in map(json.loads, log.read_text().splitlines()) if "step_ms" in entry]
        check_losses([entry["loss"] for entry in entries], recorded[:steps + WARM])
        return {"times": [entry["step_ms"] for entry in entries[WARM:]], "peak_rss_bytes": memory.peak,
                "first_step_s": logged[0] - begin}

    return turn


def prepare_own(build, directory, label, steps, recorded):
    layout, threads, _, _ = OWN_ROWS[label]
    subject = Subject(label, None)
    try:
        bundle = compile_own(build, directory, label, layout)
        subject.turn = own_turn(build, bundle, directory, threads, steps, recorded)
        subject.peak = subject.turn(watched=True)["peak_rss_bytes"]
    except (RuntimeError, OSError) as error:
        subject.error = str(error)
    return subject


def bench(build, turns, steps, only, directory):
    tool.make(MODEL, directory)
    recorded = json.loads((tool.HERE / MODEL / "losses.json").read_text())["loss"]
    subjects = {label: prepare_own(build, directory, label, steps, recorded) for label in OWN_ROWS if only in label}
    with contextlib.ExitStack() as workers:
        for label, (kind, ranks, threads) in PEER_ROWS.items():
            if only in label:
                worker = peer_worker(kind, ranks, threads, directory)
                workers.callback(worker.stop)
                subjects[label] = Subject(label, lambda worker=worker: worker.turn(steps))
                start_peer(subjects[label], worker, recorded)
        return alternate(subjects, turns)


def best_peer(entries, text):
    """The fastest of the peers with `text` in their label, if any ran."""
    found = {label: entry for label, entry in entries.items()
             if label in PEER_ROWS and text in label and "median_ms" in entry}
    return min(found.items(), key=lambda item: item[1]["median_ms"], default=None)


def show(entries):
    print(f"\nGPT 6×384, batch 8×256: {GFLOP:.0f} GFLOP a step; times of a step; memory is one rank's, anonymous and shared")
    for label, entry in entries.items():
        show_entry(label, entry)
        if "first_step_s" in entry:
            first = entry["first_step_s"]
            print(f"  {'':26}{GFLOP / entry['median_ms'] * 1e3:9.0f} GFLOP/s, first step {first['median']:.1f} s after the launch, "
                  f"{first['max']:.1f} at most")
    for label, (_, _, against, aim) in OWN_ROWS.items():
        peer = best_peer(entries, against)
        if peer and "median_ms" in entries.get(label, {}):
            time_share = entries[label]["median_ms"] / peer[1]["median_ms"]
            memory_share = entries[label]["peak_rss_bytes"] / peer[1]["peak_rss_bytes"]
            print(f"  {label}: {time_share:.2f} of {peer[0]}'s time (aim {aim}), {memory_share:.2f} of its memory (aim {MEMORY_AIM})")
    fastest = best_peer(entries, "")
    for label, entry in entries.items():
        if label in PEER_ROWS and fastest and "median_ms" in entry:
            print(f"  {label}: {entry['median_ms'] / fastest[1]['median_ms']:.2f} of the fastest peer, {fastest[0]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--turns", type=int, default=7, help="how often the subjects alternate (default 7)")
    parser.add_argument("--steps", type=int, default=3, help="timed steps of a subject in one turn (default 3)")
    parser.add_argument("--only", default="", metavar="TEXT", help="subjects with this in their name, such as pytorch or 1×2")
    parser.add_argument("--output", default="bench/train-results.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        entries = bench((ROOT / options.build).resolve(), options.turns, options.steps, options.only, pathlib.Path(directory))
    show(entries)
    (ROOT / options.output).write_text(json.dumps({"gflop_per_step": GFLOP, "subjects": entries}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
