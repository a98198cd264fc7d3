#!/usr/bin/env python3
"""Times saving and loading a training state of about 1 GB beside the disk and torch.distributed.checkpoint, in one run.

The state is fp32 matrices and their moments, sharded by rows. Two ranks save it, each a process with its share of the
cores: until the files are on the disk and the step is committed. Four load what two saved, and one what four saved; cold:
none of the files is in memory (they are synced and dropped before), and warm: all are. `dd` writes as many bytes, through
the page cache with fsync, and past it (direct), which is what the disk itself gives to one request at a time; and it reads
the very files that four ranks saved, one after the other. The turns alternate, so that a machine that drifts drifts for
all.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from turns import Subject, Worker, alternate, rank_commands, show_entry

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEER = ROOT / "bench" / "peers" / "torch_checkpoint.py"
TENSOR_BYTES = 2048 * 4096 * 4
DD_WRITE, DD_READ = "dd write, fsync", "dd read, cold"
OWN, TORCH = "vescale", "torch dcp"
SAVE = "save, 2 ranks"
# label: (the ranks that saved, those that load, whether the files are in memory)
LOADS = {"load 2->4, cold": (2, 4, False), "load 4->1, cold": (4, 1, False),
         "load 2->4, warm": (2, 4, True), "load 4->1, warm": (4, 1, True)}
# (row, what it is held against, the aimed share of that one's time)
AIMS = [(f"{OWN} {SAVE}", DD_WRITE, 1 / 0.9), (f"{OWN} load 4->1, cold", DD_READ, 1 / 0.9),
        (f"{OWN} {SAVE}", f"{TORCH} {SAVE}", 0.6)] + [(f"{OWN} {label}", f"{TORCH} {label}", 0.6) for label in LOADS]


def copy(*words):
    """Runs a dd."""
    result = subprocess.run(["dd", "bs=4M", *map(str, words)], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(result.stderr.strip())


def write_turn(file, count, *flags):
    def turn():
        start = time.perf_counter()
        copy("if=/dev/zero", f"of={file}", f"count={count}", "conv=fsync", *flags)
        return {"times": [(time.perf_counter() - start) * 1e3], "peak_rss_bytes": 0}
    return turn


def read_turn(path, *flags):
    """Reads all files below, which are not in memory."""
    def turn():
        forget(path)
        start = time.perf_counter()
        for file in files_below(path):
            copy(f"if={file}", "of=/dev/null", *flags)
        return {"times": [(time.perf_counter() - start) * 1e3], "peak_rss_bytes": 0}
    return turn


def files_below(path):
    return [file for file in path.rglob("*") if file.is_file()]


def forget(path):
    """The files are on the disk and not in memory."""
    for file in files_below(path):
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def remember(path):
    """The files are in memory."""
    for file in files_below(path):
        with open(file, "rb", buffering=0) as reader:
            while reader.read(1 << 22):
                pass


class Side:
    """One of those who are compared: its files, and its processes, which stay between turns."""

    def __init__(self, name, command, directory):
        self.name, self.command, self.directory, self.workers = name, command, directory, []

    def start(self, kind, saved, ranks):
        """Ranks that save, or load what `saved` ranks saved."""
        files = self.directory / f"by-{saved}"
        worker = Worker(self.command(kind, files, ranks), self.directory / f"{kind}-{saved}-{ranks}.log")
        self.workers.append(worker)
        worker.start()
        return worker

    def subjects(self):
        """Two ranks go on saving; four save once."""
        save = self.start("save", 2, 2)
        self.start("save", 4, 4).stop()
        result = {f"{self.name} {SAVE}": lambda: save.turn(1)}
        loaders = {}
        for label, (saved, ranks, is_warm) in LOADS.items():
            if ranks not in loaders:
                loaders[ranks] = self.start("load", saved, ranks)
            result[f"{self.name} {label}"] = self.load_turn(loaders[ranks], self.directory / f"by-{saved}", is_warm)
        return result

    @staticmethod
    def load_turn(worker, files, is_warm):
        def turn():
            (remember if is_warm else forget)(files)
            return worker.turn(1)
        return turn

    def stop(self):
        for worker in self.workers:
            worker.stop()


def own_command(build, tensors):
    def command(kind, files, ranks):
        run = str(time.time_ns())
        return [([build / "bin" / "bench-checkpoint", kind, files, tensors, rank, ranks, run], os.environ) for rank in range(ranks)]
    return command


def peer_command(tensors):
    return lambda kind, files, ranks: rank_commands(PEER, [kind, files, tensors], ranks, 1)


def bench(build, turns, tensors, directory):
    count = tensors * TENSOR_BYTES >> 22
    saved = directory / "own" / "by-4"
    turn_of = {DD_WRITE: write_turn(directory / "plain", count),
               "dd write, direct": write_turn(directory / "past", count, "oflag=direct"),
               DD_READ: read_turn(saved), "dd read, direct": read_turn(saved, "iflag=direct")}
    sides = [Side(OWN, own_command(build, tensors), directory / "own"), Side(TORCH, peer_command(tensors), directory / "torch")]
    subjects = {label: Subject(label, turn) for label, turn in turn_of.items()}
    try:
        for side in sides:
            side.directory.mkdir()
            try:
                subjects |= {label: Subject(label, turn) for label, turn in side.subjects().items()}
            except RuntimeError as error:
                subjects[side.name] = Subject(side.name, None)
                subjects[side.name].error = str(error)
        entries = alternate(subjects, turns)
    finally:
        for side in sides:
            side.stop()
    return {label: entry | {"times_ms": subjects[label].times} for label, entry in entries.items()}


def show(size, entries):
    print(f"\ncheckpoint of {size / 1e9:.2f} GB")
    for label, entry in entries.items():
        show_entry(label, entry)
        if "median_ms" in entry:
            snapshot = f", the step waits {entry['snapshot_ms']['median']:.0f} ms, {entry['snapshot_ms']['max']:.0f} at most" if "snapshot_ms" in entry else ""
            print(f"  {'':26}{size / entry['median_ms'] / 1e6:9.2f} GB/s{snapshot}")
    for label, against, aim in AIMS:
        own, peer = entries.get(label, {}), entries.get(against, {})
        if "median_ms" in own and "median_ms" in peer:
            print(f"  {label}: {own['median_ms'] / peer['median_ms']:.2f} of the time of {against} (aim {aim:.2f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--turns", type=int, default=7, help="how often the subjects alternate (default 7)")
    parser.add_argument("--tensors", type=int, default=30, help="matrices of 32 MiB (default 30)")
    parser.add_argument("--directory", default=ROOT / "build", help="on the disk to measure (default build)")
    parser.add_argument("--output", default="bench/checkpoint-results.json")
    options = parser.parse_args()
    size = options.tensors * TENSOR_BYTES
    if shutil.disk_usage(options.directory).free < 8 * size:
        raise SystemExit(f"{options.directory} has too little room for eight times {size} bytes")
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        entries = bench((ROOT / options.build).resolve(), options.turns, options.tensors, pathlib.Path(directory))
    show(size, entries)
    (ROOT / options.output).write_text(json.dumps({"bytes": size, "subjects": entries}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
